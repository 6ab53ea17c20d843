# SPDX-License-Identifier: Apache-2.0
"""Replicas of an agent in the test."""

from __future__ import annotations

from typing import Any

from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups


class ReplicaTestCase(backups.BackupTestCase):
    def make_replica(self, backup: dict[str, Any]) -> backups.Guest:
        guest = self.another()
        snapshot = self.guest.api.get_replication_snapshot(
            self.context,
            {
                'id': backup['id'],
                'state': 'COMPLETED',
                'replica_id': guest.place.guest_id,
            },
        )
        self.assertEqual(backup['id'], snapshot['dataset']['snapshot_id'])
        self.restore(
            guest, backup, databases=[], users=[], snapshot=snapshot
        )
        self.wait_for_status(guest, 'healthy')
        self.assertEqual('', self.failures())
        return guest

    def has(self, guest: backups.Guest, *numbers: int) -> None:
        waiting.until(
            lambda: self.rows(guest) == list(numbers),
            f'{numbers} have come',
            timeout=60,
        )

    def promote(
        self,
        old: backups.Guest,
        new: backups.Guest,
        *others: backups.Guest,
    ) -> None:
        """Do what task managers do, those of releases, too."""
        old.api.make_read_only(self.context, True)
        position = old.api.get_latest_txn_id(self.context)
        new.api.wait_for_txn(self.context, position)
        new.api.detach_replica(self.context, for_failover=True)
        new.api.enable_as_master(self.context, '')
        new.api.make_read_only(self.context, False)
        context = new.api.get_replica_context(self.context)
        for other in others:
            other.api.detach_replica(self.context, for_failover=True)
            other.api.attach_replica(self.context, context, '', restart=True)
        old.api.attach_replica(self.context, context, '', restart=False)
        old.api.demote_replication_master(self.context)
