"""How the hosts of each layer are handled (engine/handling.py): one file a layer."""
