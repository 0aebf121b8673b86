"""The wire: what one process tells another as lines of JSON, each message declared here once (docs/wire.md)."""
