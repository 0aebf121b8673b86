"""XML that a host sent, read without trust."""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError, fromstring

_LIMIT = 4_000_000


def parsed(text: str) -> Element:
    """The root element. ValueError for what is no XML, too long, or holds a DTD: entities could grow without end."""
    if len(text) > _LIMIT:
        raise ValueError(f"more than {_LIMIT} characters")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("it holds a document type, which is not read")
    try:
        return fromstring(text.strip())  # noqa: S314 (without a DTD there is nothing to expand or to fetch)
    except ParseError as error:
        raise ValueError(f"no XML: {error}") from error
