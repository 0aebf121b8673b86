"""Managed by hatui. A cache for Django that is in every memcached: what one of them lost, the others still have.

A session is written to all of them and read from the first that has it, this host's own before the others. One that is
away is not waited for: it is left alone for some seconds, and what it has not heard of meanwhile the others know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.memcached import PyMemcacheCache

PATIENCE = {"connect_timeout": 0.5, "timeout": 0.5, "ignore_exc": True, "retry_attempts": 0, "dead_timeout": 10}
MISSING = object()


class Everywhere(BaseCache):  # type: ignore[misc]
    """Those at `LOCATION`, a list of HOST:PORT."""

    def __init__(self, servers: Sequence[str], params: Mapping[str, Any]) -> None:
        super().__init__(params)
        self._caches = [PyMemcacheCache([one], {**params, "OPTIONS": PATIENCE}) for one in servers]

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        for cache in self._caches:
            found = cache.get(key, MISSING, version)
            if found is not MISSING:
                return found
        return default

    def add(self, key: str, value: object, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        # It is there already where one of them has it.
        if self.get(key, MISSING, version) is not MISSING:
            return False
        done = [cache.add(key, value, timeout, version) for cache in self._caches]
        return any(done)

    def set(self, key: str, value: object, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        for cache in self._caches:
            cache.set(key, value, timeout, version)

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        done = [cache.touch(key, timeout, version) for cache in self._caches]
        return any(done)

    def delete(self, key: str, version: int | None = None) -> bool:
        done = [cache.delete(key, version) for cache in self._caches]
        return any(done)

    def clear(self) -> None:
        for cache in self._caches:
            cache.clear()

    def close(self, **kwargs: Any) -> None:
        for cache in self._caches:
            cache.close(**kwargs)
