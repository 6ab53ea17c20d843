# SPDX-License-Identifier: Apache-2.0
"""Orders about replicas, without a database."""

from __future__ import annotations

import pathlib
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.guestagent import backups
from trove.guestagent import manager
from trove.guestagent import supervisor
from trove.guestagent.datastores import base as datastores
from trove.tests import base
from trove.tests.unit.guestagent import fakes

CONTEXT = {
    'master': {'host': '10.0.0.1', 'port': 5432},
    'replica_conf': {
        'log_position': {},
        'replication_user': {'name': 'replicator', 'password': 'secret'},
    },
}


class Replicating(fakes.Driver):
    """A replica that has each transaction at the second look."""

    capabilities = fakes.Driver.capabilities | {
        datastores.Capability.REPLICATION
    }
    replication_strategy = 'Fake'

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def replica_snapshot(self, replica_id: str | None) -> Any:
        self._note('replica_snapshot', replica_id)
        return CONTEXT

    def keep_log(self) -> None:
        self._note('keep_log')

    def replica_context(self) -> Any:
        return CONTEXT

    def attach_replica(self, context: Any) -> None:
        self._note('attach_replica', context)

    def detach_replica(self, for_failover: bool) -> dict[str, Any]:
        self._note('detach_replica', for_failover)
        return {'replica_id': 'r'}

    def remove_replica(self, replica_info: Any) -> None:
        self._note('remove_replica', replica_info)

    def enable_as_primary(self) -> None:
        self._note('enable_as_primary')

    def demote_primary(self) -> None:
        self._note('demote_primary')

    def set_read_only(self, read_only: bool) -> None:
        self._note('set_read_only', read_only)

    def latest_transaction(self) -> str:
        return '0/1'

    def has_transaction(self, transaction: str) -> bool:
        self.looks += 1
        self._note('has_transaction', transaction)
        return self.looks > 1

    def last_transaction(self) -> tuple[str, int]:
        return 'the history', 17

    def transaction_count(self) -> int:
        return 3


class ReplicationTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver = Replicating()
        self.addCleanup(self.driver.end)
        state_dir = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.supervisor = supervisor.Supervisor(
            self.driver, state_dir, lambda: None, 'this boot'
        )
        self.addCleanup(self.supervisor.stop)
        self.supervisor.start()
        self.supervisor.prepare(datastores.Preparation(512))
        self.driver.calls.clear()
        self.reporter = mock.MagicMock()
        self.backups = mock.create_autospec(backups.Backups, instance=True)
        self.manager = manager.Manager(
            self.supervisor,
            self.reporter,
            lambda: None,
            self.backups,
            mock.Mock(),
            mock.Mock(),
        )
        self.context = trove_context.make_admin_context()

    def test_who_follows_whom_reaches_the_driver(self) -> None:
        self.manager.attach_replica(self.context, CONTEXT, 'text')
        self.manager.attach_replication_slave(self.context, CONTEXT, 'text')
        info = self.manager.detach_replica(self.context, True)
        self.manager.cleanup_source_on_replica_detach(self.context, info)
        self.manager.enable_as_master(self.context, 'text')
        self.manager.demote_replication_master(self.context)
        self.manager.make_read_only(self.context, True)

        self.assertEqual(
            [
                ('attach_replica', CONTEXT),
                ('attach_replica', CONTEXT),
                ('detach_replica', True),
                ('remove_replica', {'replica_id': 'r'}),
                ('enable_as_primary',),
                ('demote_primary',),
                ('set_read_only', True),
            ],
            self.driver.calls,
        )

    def test_what_the_driver_knows_is_told(self) -> None:
        self.assertIs(
            True, self.manager.backup_required_for_replication(self.context)
        )
        self.assertEqual(
            CONTEXT, self.manager.get_replica_context(self.context)
        )
        self.assertEqual('0/1', self.manager.get_latest_txn_id(self.context))
        self.assertEqual(
            ['the history', 17], self.manager.get_last_txn(self.context)
        )
        self.assertEqual(3, self.manager.get_txn_count(self.context))

    def test_a_snapshot_of_a_backup_that_is_there(self) -> None:
        found = self.manager.get_replication_snapshot(
            self.context, {'id': 'b', 'state': 'COMPLETED', 'replica_id': 'r'}
        )

        self.backups.make.assert_not_called()
        self.assertEqual([('replica_snapshot', 'r')], self.driver.calls)
        self.assertEqual(
            {
                'dataset': {
                    'datastore_manager': 'fake',
                    'dataset_size': 2.0,
                    'volume_size': 3.0,
                    'snapshot_id': 'b',
                },
                'replication_strategy': 'Fake',
                **CONTEXT,
            },
            found,
        )

    def test_a_released_task_manager_has_the_backup_made(self) -> None:
        info = {'id': 'b', 'state': 'NEW', 'swift_url': 'https://swift'}

        self.manager.get_replication_snapshot(self.context, info, 'text')

        self.backups.make.assert_called_once_with(self.context, info)
        self.assertEqual([('replica_snapshot', None)], self.driver.calls)

    def test_a_snapshot_of_the_volume_that_is_made_next(self) -> None:
        info = {'id': 'b', 'state': 'NEW', 'storage_driver': 'cinder'}

        self.manager.get_replication_snapshot(self.context, info)
        self.manager.get_replication_snapshot(
            self.context, info | {'state': 'COMPLETED', 'replica_id': 'r'}
        )

        self.backups.make.assert_not_called()
        self.assertEqual(
            [
                ('keep_log',),
                ('replica_snapshot', None),
                ('replica_snapshot', 'r'),
            ],
            self.driver.calls,
        )

    def test_a_transaction_is_waited_for(self) -> None:
        self.manager.wait_for_txn(self.context, '0/5')

        self.assertEqual(
            [('has_transaction', '0/5')] * 2, self.driver.calls
        )

    def test_what_a_new_replica_follows_reaches_the_driver(self) -> None:
        administrator = {'password': 'of the primary'}
        snapshot = CONTEXT | {
            'replica_conf': CONTEXT['replica_conf']
            | {'administrator': administrator}
        }

        self.manager.prepare(
            self.context, [], [], 512, [], snapshot=snapshot
        )

        (_, preparation), *_ = self.driver.calls
        self.assertEqual(snapshot, preparation.snapshot)
