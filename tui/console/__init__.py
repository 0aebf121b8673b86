"""The console: what is so, and what can be done about it, on one screen."""
