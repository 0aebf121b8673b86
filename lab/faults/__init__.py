"""The faults: a module each, or one for several of a kind. Its `FAULTS` is all that the rest of the lab knows of it."""
