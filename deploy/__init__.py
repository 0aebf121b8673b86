"""What must be true: one file a layer, each runnable alone, and ha.py that runs them all in order."""
