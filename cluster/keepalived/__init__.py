"""The balancers' VIP: what is seen of it, how it is judged, and what may be done to it. Pure."""
