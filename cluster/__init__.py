"""The words of hatui: what is wanted, what is seen, and what to say of it. Pure: no I/O, no clock, no pyinfra."""
