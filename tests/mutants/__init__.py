"""Whether the unit tests notice when the code that decides is changed a little: `make mutants`."""
