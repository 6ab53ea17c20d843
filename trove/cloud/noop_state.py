# SPDX-License-Identifier: Apache-2.0
"""What a cloud that only remembers has."""

from __future__ import annotations

from collections.abc import Callable
import itertools
import threading

from trove.cloud import base
from trove.cloud import snapshots

#: Steps that only look; they are not written down in ``calls``.
LOOKS = frozenset(
    {'get_server', 'console', 'volumes.get', 'network.addresses'}
)


class State:
    """Shared state of the parts; every access holds the lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calls: list[tuple[str, str]] = []
        self.servers: dict[str, base.Server] = {}
        self.specs: dict[str, base.ServerSpec] = {}
        self.volumes: dict[str, base.Volume] = {}
        self.detached: set[str] = set()
        #: What their servers printed.
        self.consoles: dict[str, str] = {}
        #: By the id of the backup.
        self.snapshots: dict[str, snapshots.Snapshot] = {}
        self.numbers = itertools.count(1)
        self.failures: dict[str, tuple[Exception, int | None]] = {}
        self.hooks: dict[str, Callable[[str], object]] = {}
        self.next_status = base.ACTIVE

    def step(self, name: str, instance_id: str) -> None:
        """Write a step down; run its hook; fail if that was asked for."""
        with self.lock:
            if name not in LOOKS:
                self.calls.append((name, instance_id))
            hook = self.hooks.get(name)
        # Outside of the lock: a hook may wait for another thread.
        if hook is not None:
            hook(instance_id)
        with self.lock:
            error, times = self.failures.get(name, (None, None))
            if error is None:
                return
            if times is not None:
                if times <= 1:
                    del self.failures[name]
                else:
                    self.failures[name] = (error, times - 1)
        raise error
