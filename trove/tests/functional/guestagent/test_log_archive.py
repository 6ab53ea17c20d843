# SPDX-License-Identifier: Apache-2.0
"""The log of changes is archived, and replayed up to a time."""

from __future__ import annotations

import datetime

from trove.guestagent.datastores import archive
from trove.objectstore import local
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups
from trove.tests.functional.guestagent import stores

_SECOND = datetime.timedelta(seconds=1)


class LogArchiveTestCase(backups.BackupTestCase):
    #: What ends the time to which is restored: the datastore's precision.
    clock = ''

    def archive(self, series: int = 1) -> None:
        self.guest.api.archive_log(
            self.context,
            archive={
                'container': 'backups',
                'prefix': 'log-',
                'series': series,
                'interval': 0.2,
            },
            store=self.access,
        )

    def heads(self, series: int = 1) -> list[dict[str, str]]:
        """Return the metadata of the objects of a series, in order."""
        store = local.LocalStore(self.directory)
        return [
            dict(store.head(store.location('backups', each.name)).metadata)
            for each in store.entries('backups', f'log-{series:04d}-')
        ]

    def now(self) -> datetime.datetime:
        ((found,),) = self.sql(self.clock)
        return found

    def wait_until_archived(
        self, time: datetime.datetime, series: int = 1
    ) -> int:
        """Return the number of objects with all up to a time."""

        def there() -> int:
            heads = self.heads(series)
            until = heads[-1]['log-until'] if heads else ''
            return len(heads) if until >= archive.to_text(time) else 0

        return waiting.until(there, f'{time} is archived', timeout=60)

    def restore_to(
        self,
        guest: backups.Guest,
        backup: dict[str, str],
        time: datetime.datetime,
        last: int,
    ) -> None:
        known = self.metadata(backup)
        self.restore(
            guest,
            backup,
            log={
                'until': archive.to_text(time),
                'container': 'backups',
                'prefix': 'log-',
                'series': int(known['log-series']),
                'first': int(known['log-number']),
                'last': last,
                'store': self.access,
            },
        )


class PostgreSQLTest(LogArchiveTestCase):
    clock = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"

    def test_what_is_dropped_is_restored(self) -> None:
        # Given a backup, and what was written since
        self.prepare_guest()
        self.archive()
        self.write(1)
        full = self.backup('full')
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.write(2)
        before = self.now()
        known = self.metadata(full)
        self.assertLess(known['log-time'], archive.to_text(before))
        self.sql('DROP TABLE orders')
        last = self.wait_until_archived(self.now())
        # When
        guest = self.another()
        self.restore_to(guest, full, before, last)
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))


class MariaDBTest(LogArchiveTestCase):
    store = stores.MariaDB()
    clock = 'SELECT UTC_TIMESTAMP(6)'

    def test_what_is_dropped_is_restored(self) -> None:
        # Given a backup, and what was written since
        self.prepare_guest()
        self.archive()
        self.write(1)
        full = self.backup('full')
        self.assertEqual('COMPLETED', full['state'], self.failures())
        self.write(2)
        # Its log has whole seconds, and what is of that second is later.
        second = self.now().replace(microsecond=0) + _SECOND
        waiting.until(lambda: self.now() > second, 'it is over', timeout=60)
        self.sql('DROP TABLE orders')
        last = self.wait_until_archived(self.now())
        # When
        guest = self.another()
        self.restore_to(guest, full, second, last)
        self.wait_for_status(guest, 'healthy')
        # Then
        self.assertEqual('', self.failures())
        self.assertEqual([1, 2], self.rows(guest))
