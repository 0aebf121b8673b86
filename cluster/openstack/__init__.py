"""OpenStack's services: how each is described, what is seen of one on a host, and how that is judged. Pure."""
