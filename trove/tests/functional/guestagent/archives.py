# SPDX-License-Identifier: Apache-2.0
"""The archived log of an agent in the test."""

from __future__ import annotations

import datetime

from trove.guestagent.datastores import archive
from trove.objectstore import local
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import backups

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


class BinaryLogTestCase(LogArchiveTestCase):
    """Of MySQL and MariaDB."""

    clock = 'SELECT UTC_TIMESTAMP(6)'

    def next_second(self) -> datetime.datetime:
        """Return the time when what was written is of an earlier second.

        The log has whole seconds, and what is of that second is later.
        """
        second = self.now().replace(microsecond=0) + _SECOND
        waiting.until(lambda: self.now() > second, 'it is over', timeout=60)
        return second
