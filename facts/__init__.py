"""Reads: one file a layer, a command and a pure parser that returns a record of cluster.state."""
