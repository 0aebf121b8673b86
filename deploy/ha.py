"""The whole control plane: every layer in order, each standing on the ones before."""

from pyinfra import local

# One line each: pyinfra tells operations apart by their line numbers, this file's too.
local.include("deploy/base.py")
local.include("deploy/packages.py")
local.include("deploy/haproxy.py")
local.include("deploy/keepalived.py")
local.include("deploy/galera.py")
local.include("deploy/rabbitmq.py")
local.include("deploy/pacemaker.py")
