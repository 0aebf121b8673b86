"""The controllers' resources: what is seen of them, how they are judged, and what may be done to them. Pure."""
