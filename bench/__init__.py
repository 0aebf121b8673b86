"""Figures: each measured beside its bound, on real hosts. `python -m bench` prints the report; nothing is asserted."""
