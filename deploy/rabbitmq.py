"""The message queue: brokers on the controllers, clustered only on evidence, changed one broker at a time."""

from pyinfra import host

from cluster.layers.rabbitmq import RABBITMQ
from cluster.rabbitmq.names import EPMD_SOCKET, MEND_TIMER, PLUGINS
from cluster.releases import BROKERS_FORM_TOGETHER
from cluster.spec import Cluster, Role
from deploy.rabbitmq_files import administrator, broker_files, plugins, wanted
from operations.amended import amended
from operations.brokers import rolled
from operations.files import managed
from operations.hosts import conducts
from operations.lock import unlocked
from operations.packages import installed
from operations.rabbitmq import created, joined
from operations.rabbitmq_definitions import defined
from operations.service import running

unlocked(name="RabbitMQ: nobody else changes the cluster")

cluster: Cluster = host.data.cluster
brokers = {name: cluster.address(name) for name in cluster.names(Role.CONTROLLER)}
leads = conducts(list(brokers))

if Role.CONTROLLER in host.groups:
    installed(name="RabbitMQ: packages", packages=RABBITMQ.packages(cluster))
    managed(name="RabbitMQ: cookie, settings, accounts", files=broker_files(cluster, host.name))
    amended(name="RabbitMQ: its management plugin", path=PLUGINS, amend=plugins)
    running(name="RabbitMQ: the port mapper, and the mender of partitions", units=[EPMD_SOCKET, MEND_TIMER])

if leads:
    defined(
        name="RabbitMQ: accounts and virtual hosts",
        hosts=list(brokers),
        admin=administrator(cluster),
        wanted=wanted(cluster),
    )
    created(
        name="RabbitMQ: a cluster",
        hosts=list(brokers),
        together=cluster.release in BROKERS_FORM_TOGETHER,
    )
    joined(name="RabbitMQ: all members", hosts=brokers)
    rolled(
        name="RabbitMQ: restart what runs with former settings",
        hosts=brokers,
        balancers=cluster.names(Role.HAPROXY),
    )
