"""The resources of a cluster: what is seen of them, how they are judged, and what may be done to them. Pure."""
