"""How what is seen is judged, in the same way for every layer. Pure."""
