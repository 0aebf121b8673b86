"""Who may speak to which port of a host: the rules, what is seen of them, and how that is judged. Pure."""
