"""Writes: one file a layer, idempotent, each yields commands."""
