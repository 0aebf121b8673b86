"""The whole control plane: every layer in order, each standing on the ones before."""

from pyinfra import local

for layer in ("base", "packages", "haproxy", "keepalived", "galera", "rabbitmq", "pacemaker"):
    local.include(f"deploy/{layer}.py")
