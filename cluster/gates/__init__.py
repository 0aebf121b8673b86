"""Why something must not be done now: pure functions of what is seen, one module a layer.

Each returns one sentence that names the host and the number, or None where nothing stands against it.
"""
