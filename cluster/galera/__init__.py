"""The database cluster: what is seen of a node, how it is judged, and what may be done to it. Pure."""
