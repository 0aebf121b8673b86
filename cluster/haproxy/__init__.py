"""The balancers: what is seen of one, how it is judged, and what may be done to it. Pure."""
