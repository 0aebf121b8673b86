"""Streams of the observer, for tests that need no host: build.py (stories), many.py (a large cluster), hostile.py."""
