"""Part of the toy layer."""
