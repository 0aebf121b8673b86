"""The controllers' membership: what is seen of it, and how it is judged. Pure."""
