"""A reason of which it is known whether it says what to do, so that nobody has to read it to find out."""


class Advised(str):
    """A reason that says what to do about it; a plain string says only what is so."""

    __slots__ = ()
