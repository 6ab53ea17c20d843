# SPDX-License-Identifier: Apache-2.0
"""Which pieces of a log are replayed, by programs that play the real ones."""

from __future__ import annotations

from collections.abc import Generator
from collections.abc import Iterator
import datetime
import io
import pathlib
import tarfile
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent.datastores import archive
from trove.guestagent.datastores.mysql_common import replay
from trove.tests import base
from trove.tests.unit.guestagent.datastores.mariadb import fakes

_UNTIL = datetime.datetime(2026, 11, 30, 4, 5, 6)

#: Writes its options, and what is in the file.
_READER = 'printf "%s " "$@"; for last; do :; done; cat "$last"; echo'


class ReplayTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.home: Any = fakes.Home(self.root)
        self.home.password = lambda: 'top secret'
        self.home.script('reader', _READER)
        self.home.script('client', f'cat >>{self.root}/carried-out')

    def replay(self, *names: str, file: str = 'log.000008') -> list[str]:
        """Return a line for each file that was replayed."""
        replayer = replay.Replayer(self.home, 'reader', 'client', 60)
        replayer.replay(
            archive.Replay(_UNTIL, lambda: self.pieces(names)),
            replay.Position(file, 345),
        )
        return (self.root / 'carried-out').read_text().splitlines()

    def pieces(
        self, names: tuple[str, ...]
    ) -> Iterator[Generator[bytes, None, None]]:
        for name in names:
            yield self.piece(name)

    def piece(self, *names: str) -> Generator[bytes, None, None]:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode='w') as packed:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(name)
                packed.addfile(member, io.BytesIO(name.encode()))
        yield made.getvalue()

    def refused(self, *names: str) -> str:
        error = self.assertRaises(exception.TroveError, self.replay, *names)
        self.assertEqual([], list(self.home.data_dir.glob('trove-log')))
        return str(error)

    def test_it_goes_on_from_the_backup(self) -> None:
        first, second = self.replay('log.000007', 'log.000008', 'log.000009')
        # What the backup has is left out, and what is later
        self.assertTrue(first.endswith('log.000008'))
        self.assertIn('--start-position=345 ', first)
        self.assertIn('--start-position=4 ', second)
        for line in first, second:
            self.assertIn('--stop-datetime=2026-11-30 04:05:06 ', line)
            self.assertIn('--disable-log-bin ', line)
        self.assertEqual([], list(self.home.data_dir.glob('trove-log')))

    def test_the_password_is_in_no_argument(self) -> None:
        self.home.script(
            'client',
            f'echo "$@" >{self.root}/arguments; '
            f'cat "${{1#--defaults-file=}}" >{self.root}/options; cat',
        )
        self.assertRaises(FileNotFoundError, self.replay, 'log.000008')
        self.assertNotIn('secret', (self.root / 'arguments').read_text())
        self.assertIn('"top secret"', (self.root / 'options').read_text())

    def test_a_log_that_begins_too_late_is_refused(self) -> None:
        for names in ((), ('log.000009',)):
            self.assertIn('does not have log.000008', self.refused(*names))

    def test_a_program_that_fails_is_told(self) -> None:
        self.home.script('client', 'echo "ERROR: no such table" >&2; exit 1')
        self.assertIn('no such table', self.refused('log.000008'))
        self.home.script('client', 'cat >/dev/null')
        self.home.script('reader', 'echo "ERROR: bad event" >&2; exit 2')
        self.assertIn('bad event', self.refused('log.000008'))

    def test_programs_that_are_missing_are_named(self) -> None:
        (self.root / 'bin' / 'client').unlink()
        self.assertIn('client programs', self.refused('log.000008'))

    def test_what_is_no_file_of_a_log_is_refused(self) -> None:
        self.assertIn('is no file of a log', self.refused('my.cnf'))
        replayer = replay.Replayer(self.home, 'reader', 'client', 60)
        two = archive.Replay(
            _UNTIL, lambda: iter([self.piece('log.000008', 'log.000009')])
        )
        error = self.assertRaises(
            exception.DatastoreError,
            replayer.replay,
            two,
            replay.Position('log.000008', 4),
        )
        self.assertIn('has 2 files instead of one', str(error))
