# SPDX-License-Identifier: Apache-2.0
"""Flavors of Nova, and a cache for what changes seldom."""

from __future__ import annotations

from collections.abc import Callable
import threading
import time
from typing import Any
from typing import Generic
from typing import TypeVar

from trove.cloud import base
from trove.cloud.openstack import calls

T = TypeVar('T')


class Cached(Generic[T]):
    """A value that is asked for again when it is too old. Thread-safe."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: tuple[float, T] | None = None

    def get(self, ask: Callable[[], T]) -> T:
        with self._lock:
            now = time.monotonic()
            if self._known is None or now - self._known[0] >= self._seconds:
                self._known = (now, ask())
            return self._known[1]

    def forget(self) -> None:
        with self._lock:
            self._known = None


def all_of(api: calls.Calls) -> list[base.Flavor]:
    """Return the flavors that the services may use, the smallest first."""
    found = api.look(
        'list the flavors',
        lambda: list(api.compute.flavors(details=True)),
    )
    return sorted(
        (_flavor(each) for each in found),
        key=lambda f: (f.ram, f.vcpus, f.disk, f.name),
    )


def one(api: calls.Calls, flavor_id: str) -> base.Flavor | None:
    """Return a flavor, None when Nova does not have it."""
    found = api.find(
        'look at the flavor', lambda: api.compute.get_flavor(flavor_id)
    )
    return None if found is None else _flavor(found)


def _flavor(found: Any) -> base.Flavor:
    return base.Flavor(
        id=str(found.id),
        name=found.name,
        ram=int(found.ram),
        vcpus=int(found.vcpus),
        disk=int(found.disk),
        is_public=bool(found.is_public),
    )
