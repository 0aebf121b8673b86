"""Membership and quorum of a cluster: what is seen of it, and how it is judged. Pure."""
