# SPDX-License-Identifier: Apache-2.0
"""How the log of changes is stored, with a driver that has only bytes."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import datetime
import io
import os
from typing import Any
from unittest import mock

from trove.common import exception
from trove.guestagent import log_archive
from trove.guestagent.datastores import archive
from trove.guestagent.datastores import base as datastores
from trove.objectstore import errors
from trove.objectstore import local
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import bytes_only

_TIME = datetime.datetime(2027, 1, 31, 8)
#: What the first look says.
_SECOND = '2027-01-31T08:00:01.000000Z'


class Driver(bytes_only.Driver):
    """Its log is a piece for each look."""

    capabilities = bytes_only.Driver.capabilities | {
        datastores.Capability.LOG_ARCHIVE
    }

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[str, bytes]] = []
        self.looks = 0
        self.gap = False
        self.after: list[str | None] = []
        self.dropped: list[str] = []

    def close_log(self, after: str | None) -> archive.Closed:
        self._note('close_log')
        self.looks += 1
        self.after.append(after)
        gap, self.gap = self.gap, False
        pieces = [
            archive.Piece(name, lambda data=data: self.opened(data))
            for name, data in self.log
            if after is None or gap or name > after
        ]
        until = _TIME + datetime.timedelta(seconds=self.looks)
        return archive.Closed(until, pieces, not gap)

    @contextlib.contextmanager
    def opened(self, data: bytes) -> Iterator[io.BytesIO]:
        yield io.BytesIO(data)

    def drop_log(self, name: str) -> None:
        self.dropped.append(name)

    def end_log(self) -> None:
        self._note('end_log')

    def log_time(self) -> datetime.datetime:
        return _TIME


class LogArchiveTest(bytes_only.BackupsTestCase):
    make_driver = Driver
    driver: Driver

    def setUp(self) -> None:
        super().setUp()
        self.prepared()
        self.log = self.backups.log

    def order(self, log: Any = None, **changed: Any) -> None:
        order = {'container': 'c', 'prefix': 'log-', 'series': 1}
        (log or self.log).order(
            {**order, 'interval': 0.01, **changed}, self.access
        )

    def stored(self) -> dict[str, tuple[bytes, str | None]]:
        """Return data and metadata of each object."""
        store = local.LocalStore(self.directory)
        found = {}
        for each in store.entries('c'):
            location = store.location('c', each.name)
            head = store.head(location)
            data = b''.join(store.read(location, None))
            found[each.name] = data, head.metadata.get('log-until')
        return found

    def wait_for_looks(self, more: int = 2) -> None:
        """Wait for looks that began after now to end."""
        wanted = self.driver.looks + more
        waiting.until(lambda: self.driver.looks >= wanted, 'it has looked')

    def test_pieces_are_numbered_objects(self) -> None:
        self.driver.log = [('a', b'one'), ('b', b'two')]
        # When
        self.order()
        self.wait_for_looks()
        # Then
        self.assertEqual(
            {
                'log-0001-00000001.gz': (b'one', None),
                'log-0001-00000002.gz': (b'two', _SECOND),
            },
            self.stored(),
        )
        self.assertEqual(['a', 'b'], self.driver.dropped)
        self.assertEqual(
            {'log-series': '1', 'log-number': '3'}, self.log.position()
        )

    def test_a_large_piece_is_several_objects(self) -> None:
        data = os.urandom((8 << 20) + 1)
        self.driver.log = [('a', data)]
        # When
        self.order()
        self.wait_for_looks()
        # Then
        (first, before), (second, until) = self.stored().values()
        self.assertEqual(data, first + second)
        self.assertIsNone(before)
        self.assertEqual(_SECOND, until)

    def test_a_gap_begins_another_series_and_is_told(self) -> None:
        self.driver.log = [('a', b'one')]
        self.order()
        self.wait_for_looks()
        # When
        self.driver.log, self.driver.gap = [('x', b'later')], True
        self.wait_for_looks(3)
        # Then
        self.assertEqual(
            ['log-0001-00000001.gz', 'log-0002-00000001.gz'],
            list(self.stored()),
        )
        self.assertIn('make one', self.failure())

    def test_what_fails_is_tried_again_and_told_once(self) -> None:
        self.driver.log = [('a', b'one')]
        error = exception.DatastoreError(action='x', reason='it burns')
        fail = mock.patch.object(
            self.driver, 'close_log', side_effect=error
        )
        # When
        with fail as closing:
            self.order()
            waiting.until(lambda: closing.call_count > 5, 'it is tried')
        self.wait_for_looks()
        # Then
        self.assertIn('it burns', self.failure())
        self.assertEqual(1, self.conductor.notify_exc_info.call_count)
        self.assertEqual(['log-0001-00000001.gz'], list(self.stored()))

    def test_no_piece_is_ended_while_the_store_is_away(self) -> None:
        self.driver.log = [('a', b'one'), ('b', b'two')]
        save = local.LocalStore.save
        down = True
        tried: list[str] = []

        def fail(store: Any, container: str, name: str, *rest: Any,
                 **more: Any) -> Any:
            tried.append(name)
            if down and name.endswith('2'):
                raise errors.unreachable('store it', 'it is away')
            return save(store, container, name, *rest, **more)

        # When
        with mock.patch.object(local.LocalStore, 'save', fail):
            self.order()
            waiting.until(lambda: len(tried) > 6, 'it is tried')
            ended = self.driver.looks
            down = False
            self.wait_for_looks()
        # Then
        self.assertEqual(1, ended)
        self.assertIn('it is away', self.failure())
        # It is complete up to the time at which the pieces were ended
        self.assertEqual(
            {
                'log-0001-00000001.gz': (b'one', None),
                'log-0001-00000002.gz': (b'two', _SECOND),
            },
            self.stored(),
        )
        self.assertEqual(['a', 'b'], self.driver.dropped)

    def test_what_the_server_gave_up_meanwhile_is_a_gap(self) -> None:
        gone = exception.DatastoreError(action='x', reason='it is gone')
        self.driver.log = [('a', b'one')]
        outcomes = [errors.unreachable('store it', 'it is away'), gone]

        @contextlib.contextmanager
        def opened(data: bytes) -> Iterator[io.BytesIO]:
            if outcomes:
                raise outcomes.pop(0)
            yield io.BytesIO(data)

        # When
        with mock.patch.object(self.driver, 'opened', opened):
            self.order()
            # One look fails to store it, one to open it.
            waiting.until(self.stored, 'a later one has stored it')
        # Then it has asked the server again, which would tell of a gap
        self.assertEqual([None, None], self.driver.after[:2])
        self.assertEqual(['log-0001-00000001.gz'], list(self.stored()))

    def test_another_agent_goes_on(self) -> None:
        self.driver.log = [('a', b'one')]
        self.order()
        self.wait_for_looks()
        self.log.stop()
        # When
        later = self.agent().log
        later.start()
        self.driver.log.append(('b', b'two'))
        # An order with the series that it began with is a permission
        self.order(later)
        self.wait_for_looks()
        # Then
        self.assertEqual(2, len(self.stored()))
        self.assertEqual(['a', 'b'], self.driver.dropped)
        self.assertEqual('3', later.position()[log_archive.NUMBER])
        self.assertNotIn('store', (self.top / 'log-archive.json').read_text())

    def test_a_later_series_is_begun(self) -> None:
        self.driver.log = [('a', b'one')]
        self.order()
        self.wait_for_looks()
        # When
        self.order(series=7, prefix='new-')
        self.wait_for_looks()
        # Then
        self.assertIn('new-0007-00000001.gz', self.stored())

    def test_it_is_ended(self) -> None:
        self.order()
        self.wait_for_looks()
        # When
        self.log.order(None, None)
        # Then
        self.assertIn(('end_log',), self.driver.calls)
        self.assertEqual({}, self.log.position())
        self.assertFalse((self.top / 'log-archive.json').exists())

    def test_a_backup_tells_where_its_log_begins(self) -> None:
        self.driver.log = [('a', b'one')]
        self.order()
        self.wait_for_looks()
        # When
        self.create()
        # Then
        location = self.outcome()['location']
        known = self.store().head(location).metadata
        self.assertLessEqual(
            {
                'log-series': '1',
                'log-number': '2',
                'log-time': '2027-01-31T08:00:00.000000Z',
            }.items(),
            known.items(),
        )
