# SPDX-License-Identifier: Apache-2.0
"""Stores on a real Swift, which the tests of a process share."""

from __future__ import annotations

import atexit
import io
import uuid

from trove.objectstore import access
from trove.objectstore import swift
from trove.tests import base
from trove.tests.fixtures import swift as swift_fixture

_shared: swift_fixture.Swift | None = None

#: So small that little data makes many parts.
PART_SIZE = 1000
#: A manifest of the Swift of the tests lists four parts.
ATTEMPTS = 4


def shared() -> swift_fixture.Swift:
    """The Swift of this process, started by the first who asks."""
    global _shared
    if _shared is None:
        made = swift_fixture.Swift()
        made.setUp()
        atexit.register(made.cleanUp)
        _shared = made
    return _shared


class SwiftTestCase(base.TestCase):
    """``self.store`` writes into ``self.container``, a new one."""

    metadata = {'datastore': 'postgresql', 'datastore-version': '15.1'}

    def setUp(self) -> None:
        super().setUp()
        self.swift = shared()
        self.addCleanup(self.swift.break_it)
        self.container = f'c-{uuid.uuid4()}'
        self.tokens = iter(['first', 'second', 'third'])
        self.store = self.make_store()

    def make_store(self, who=None, delay=0.01, **kwargs):
        retry = swift.Retry(attempts=ATTEMPTS, delay=delay)
        options = {'part_size': PART_SIZE, 'timeout': 5.0, **kwargs}
        who = who or access.Token(
            self.swift.url, lambda: next(self.tokens)
        )
        return swift.SwiftStore(who, retry=retry, **options)

    def data(self, parts: float) -> bytes:
        """As many bytes as fill so many parts, each part another."""
        size = int(parts * PART_SIZE)
        return b''.join(b'%08d' % each for each in range(size // 8 + 1))[:size]

    def save(self, data: bytes, *, name: str = 'b1', **kwargs):
        return self.store.save(
            self.container,
            name,
            io.BytesIO(data),
            self.metadata,
            suffix='.tar.gz',
            **kwargs,
        )

    def load(self, stored) -> bytes:
        return b''.join(self.store.read(stored.location, stored.checksum))

    def names(self) -> list[str]:
        return self.swift.names(self.container)
