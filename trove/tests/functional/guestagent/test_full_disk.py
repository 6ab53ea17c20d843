# SPDX-License-Identifier: Apache-2.0
"""A volume that is full: of a running database, and of a restore.

It needs root, to mount a file system of a fixed size.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import unittest

import psycopg

from trove.guestagent.datastores import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import archives
from trove.tests.functional.guestagent import backups

_FULL = 'No space left on device'
_MIB = 1 << 20


def may_mount() -> bool:
    """Whether a file system can be mounted, which containers often refuse."""
    return os.geteuid() == 0 and not subprocess.call(
        ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@unittest.skipUnless(may_mount(), 'only root can mount, outside containers')
class FullDiskTest(archives.LogArchiveTestCase):
    """A PostgreSQL with its log archived, on a volume of 160 MiB."""

    clock = "SELECT clock_timestamp() AT TIME ZONE 'UTC'"

    def setUp(self) -> None:
        super().setUp()
        self.volume = self.mount(self.guest, 160)
        self.prepare_guest()
        self.archive()

    def mount(self, guest: backups.Guest, mib: int) -> pathlib.Path:
        """Give a guest a volume of its own."""
        volume = guest.place.data_dir.parent
        self.resize(volume, mib, 'mode=755')
        self.addCleanup(subprocess.run, ['umount', volume], check=True)
        self.addCleanup(guest.place.clean_up)
        return volume

    def resize(self, volume: pathlib.Path, mib: int, how: str) -> None:
        subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', f'{how},size={mib}m']
            + ['tmpfs', str(volume)],
            check=True,
        )

    def fill(self) -> int:
        """Write until the database refuses; return how many rows it took."""
        self.sql('CREATE TABLE much (number int, text text)')
        for number in range(1000):
            try:
                self.sql(
                    f"INSERT INTO much SELECT {number}, string_agg("
                    'sha512(i::text::bytea)::text, NULL) '
                    'FROM generate_series(1, 8000) AS i'
                )
            except psycopg.OperationalError:
                return number
        self.fail('The volume takes more than it holds.')

    def trouble(self) -> str:
        """What the newest heartbeat says."""
        return str(self.conductor.payloads[-1].get('trouble', ''))

    def test_what_was_acknowledged_is_there_when_it_is_larger(self) -> None:
        # Given
        self.write(1)
        full = self.backup('full')
        self.assertEqual('COMPLETED', full['state'], self.failures())
        # When it is full, also of log that cannot be archived any more
        taken = self.fill()
        self.assertGreater(taken, 1)
        # Then the instance says so
        waiting.until(
            lambda: _FULL in self.trouble(), 'it is told', timeout=120
        )
        # And when the volume is larger, it goes on by itself
        self.resize(self.volume, 400, 'remount')
        self.wait_for_status(self.guest, 'healthy')
        waiting.until(lambda: not self.trouble(), 'it is over', timeout=60)
        found = self.sql('SELECT count(*) FROM much')
        self.assertEqual([(taken,)], found)
        # And the log is complete
        self.write(2)
        before = self.now()
        self.sql('DROP TABLE orders, much')
        last = self.wait_until_archived(self.now())
        guest = self.another()
        self.restore_to(guest, full, before, last)
        self.wait_for_status(guest, 'healthy')
        self.assertEqual([1, 2], self.rows(guest))

    def test_a_restore_has_no_room(self) -> None:
        self.write(1)
        full = self.backup('full')
        guest = self.another()
        self.mount(guest, 16)

        self.restore(guest, full)

        self.wait_for_status(guest, 'failed to spawn')
        waiting.until(lambda: _FULL in self.failures(), f'{_FULL} is told')
        self.assertEqual([], list(guest.place.data_dir.glob('*')))
        self.assertEqual([], processes.all_in(guest.place.data_dir))
