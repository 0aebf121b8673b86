"""Neutron's agents on the network nodes: how they are described, what is seen of them, and how that is judged. Pure."""
