# SPDX-License-Identifier: Apache-2.0
"""How backups are made, with a driver that has only bytes."""

from __future__ import annotations

import json
import threading
from typing import Any
from unittest import mock

import fixtures

from trove.common import exception
from trove.objectstore import base as stores
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import bytes_only


class BackupsTest(bytes_only.BackupsTestCase):
    def test_a_backup_is_stored_and_reported(self) -> None:
        self.prepared()
        # When
        self.create(datastore='fake', datastore_version='7')
        # Then
        outcome = self.outcome()
        first = self.reports()[0]
        self.assertEqual(
            ('the instance', 'BUILDING', 'full', 2.0),
            tuple(
                first[name]
                for name in ('instance_id', 'state', 'backup_type', 'size')
            ),
        )
        self.assertLess(first['sent'], outcome['sent'])
        location = f'file://{self.directory}/database_backups/b1.bin'
        self.assertLessEqual(
            {
                'state': 'COMPLETED',
                'success': True,
                'location': location,
                'backup_type': 'full',
                'size': 2.0,
                'progress': 9,
            }.items(),
            outcome.items(),
        )
        # And what is known at the end is stored with it
        head = self.store().head(location)
        self.assertEqual(outcome['checksum'], head.checksum)
        self.assertEqual(
            {'datastore': 'fake', 'datastore-version': '7', 'lsn': '7'},
            head.metadata,
        )
        self.assertEqual(
            b'all of it', b''.join(self.store().read(location, None))
        )
        self.assertFalse((self.top / 'backup.json').exists())

    def test_an_incremental_names_its_parent(self) -> None:
        # Given
        self.prepared()
        self.create(swift_container='mine')
        parent = self.outcome()
        # When
        self.driver.pieces = [b'more']
        named = {k: parent[k] for k in ('location', 'checksum')}
        self.create('b2', parent=named, swift_container='mine')
        # Then
        outcome = self.outcome('b2')
        self.assertEqual('incremental', outcome['backup_type'])
        head = self.store().head(outcome['location'])
        self.assertEqual(
            (parent['location'], parent['checksum']),
            (
                head.metadata['parent-location'],
                head.metadata['parent-checksum'],
            ),
        )
        self.assertEqual('7', self.driver.requests[1].parent['lsn'])

    def test_a_parent_that_is_not_what_it_was(self) -> None:
        self.prepared()
        self.create()
        location = self.outcome()['location']
        for number, parent in enumerate(
            (
                {'location': location, 'checksum': 'another'},
                {'location': f'{location}x', 'checksum': None},
            )
        ):
            self.create(f'i{number}', parent=parent)

            self.assertEqual('FAILED', self.outcome(f'i{number}')['state'])
            self.assertIn(location, self.failure())
        self.assertEqual(1, len(self.driver.requests))

    def test_whatever_fails_leaves_nothing_behind(self) -> None:
        self.prepared()

        def fail() -> None:
            raise exception.DatastoreError(action='copy', reason='it burns')

        for number, break_it in enumerate(
            (
                lambda: setattr(self.driver, 'pieces', [b'half', fail]),
                lambda: setattr(self.driver, 'last', fail),
            )
        ):
            backup_id = f'b{number}'
            self.driver.pieces, self.driver.last = [b'x'], lambda: None
            break_it()

            self.create(backup_id)

            outcome = self.outcome(backup_id)
            self.assertEqual('FAILED', outcome['state'])
            self.assertNotIn('location', outcome)
            self.assertIn(f'backup {backup_id}: ', self.failure())
            self.assertIn('it burns', self.failure())
            self.assertEqual([], self.left())

    def test_a_server_that_ends_meanwhile_is_the_reason(self) -> None:
        self.prepared()

        def fail() -> bytes:
            self.supervisor.halt(start_on_reboot=False)
            raise exception.DatastoreError(action='copy', reason='no answer')

        self.driver.pieces = [b'half', fail]
        self.create()

        self.assertEqual('FAILED', self.outcome()['state'])
        self.assertIn('it was stopped or restarted', self.failure())
        self.assertIn('no answer', self.failure())

    def test_what_cannot_begin_is_told_at_once(self) -> None:
        # Given no database
        self.create('early')
        self.assertEqual('FAILED', self.outcome('early')['state'])
        self.assertIn('the database does not exist', self.failure())
        # Or an order that does not say how to store it
        self.prepared()
        self.backups.create(self.context, {'id': 'how'}, None)
        self.assertEqual('FAILED', self.outcome('how')['state'])
        self.assertIn('no "store"', self.failure())
        # Or one with a store that is not known here
        self.backups.create(self.context, {'id': 'x'}, {'driver': 'tape'})
        self.assertEqual('FAILED', self.outcome('x')['state'])
        self.assertIn("'tape' is not supported", self.failure())

    def test_one_at_a_time_beside_all_else(self) -> None:
        # Given
        self.prepared()
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.driver.pieces = [b'a', lambda: go_on.wait(60) and b'b']
        self.create()
        waiting.until(lambda: self.left(), 'it is being stored')
        # Then the database can be used
        with self.supervisor.turn() as driver:
            driver.create_databases([])
        # And another backup is refused
        self.create('b2')
        self.assertEqual('FAILED', self.outcome('b2')['state'])
        self.assertIn('backup b1 is being made', self.failure())
        # And the first is not the worse for it
        go_on.set()
        self.assertEqual('COMPLETED', self.outcome()['state'])

    def test_the_next_may_be_ordered_when_one_is_reported(self) -> None:
        # Given an order that comes while the outcome is reported
        self.prepared()
        after: list[threading.Thread] = []

        def report(*args: Any, **fields: Any) -> None:
            if fields['state'] == 'COMPLETED' and not after:
                self.driver.pieces = [b'x']
                after.append(threading.Thread(target=self.create, args=['n']))
                after[0].start()
                after[0].join(0.2)

        self.conductor.update_backup.side_effect = report
        self.create()

        self.assertEqual('COMPLETED', self.outcome('n')['state'])

    def test_an_agent_that_stops_gives_it_up(self) -> None:
        self.prepared()
        go_on = threading.Event()
        self.driver.pieces = [b'a', lambda: go_on.wait(60) and b'b', b'c']
        self.create()
        waiting.until(lambda: self.left(), 'it is being stored')

        threading.Timer(0.05, go_on.set).start()
        self.backups.stop()

        self.assertEqual('FAILED', self.outcome()['state'])
        self.assertIn('stopped', self.failure())
        self.assertEqual([], self.left())
        check = self.driver.requests[0].check
        self.assertRaises(exception.DatastoreError, check)

    def test_an_agent_that_was_killed_reports_it_when_it_is_back(
        self,
    ) -> None:
        # Given what such an agent leaves
        self.prepared()
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        self.driver.pieces = [b'a', lambda: go_on.wait(60) and b'b']
        self.create()
        waiting.until(lambda: self.left(), 'it is being stored')
        # When
        another = self.agent()
        another.start()
        # Then
        self.assertEqual('FAILED', self.outcome()['state'])
        self.assertIn('the guest agent ended meanwhile', self.failure())
        self.assertEqual([], self.left())
        waiting.until(
            lambda: not (self.top / 'backup.json').exists(), 'it is forgotten'
        )
        context = self.conductor.update_backup.call_args.args[0]
        self.assertEqual(
            (self.context.request_id, 'the project'),
            (context.request_id, context.project_id),
        )

    def test_secrets_of_the_store_are_not_written_down(self) -> None:
        # Given an agent that was killed
        self.prepared()
        store = mock.Mock(spec=stores.Store)
        self.useFixture(
            fixtures.MockPatch(
                'trove.objectstore.open_store', return_value=store
            )
        )
        go_on = threading.Event()
        self.addCleanup(go_on.set)
        store.save.side_effect = lambda *args, **kw: go_on.wait(60)
        self.access = {'driver': 'swift', 'token': 'T0', 'signed': {'k': 'S0'}}
        self.create()
        waiting.until(lambda: store.save.called, 'it is being stored')
        kept = (self.top / 'backup.json').read_text()
        self.assertIn('b1.bin', kept)
        self.assertNotRegex(kept, 'T0|S0')
        # When
        log = self.useFixture(fixtures.FakeLogger())
        self.agent().start()
        # Then
        self.assertEqual('FAILED', self.outcome()['state'])
        self.assertIn('task manager removes it', log.output)
        store.delete.assert_not_called()

    def test_an_outcome_is_not_lost(self) -> None:
        # Given
        self.prepared()
        self.conductor.update_backup.side_effect = (
            exception.ServiceUnavailable(what='The broker')
        )
        self.create()
        self.assertEqual('COMPLETED', self.outcome()['state'])
        self.backups.stop()
        kept = json.loads((self.top / 'backup.json').read_text())
        self.assertEqual('COMPLETED', kept['outcome']['state'])
        # When
        self.conductor.reset_mock(side_effect=True)
        self.agent().start()
        # Then
        self.assertEqual('COMPLETED', self.outcome()['state'])
        self.assertEqual(2, len(self.left()))
