# SPDX-License-Identifier: Apache-2.0
"""The user who runs databases."""

from __future__ import annotations

import os
import pathlib
import pwd
import types
from unittest import mock

import fixtures

from trove.common import exception
from trove.guestagent.datastores import account
from trove.tests import base


class ResolveTest(base.TestCase):
    def test_only_root_needs_another_user(self) -> None:
        with mock.patch('os.geteuid', return_value=1000):
            self.assertIsNone(account.resolve('nobody'))

    def test_root_runs_databases_as_somebody(self) -> None:
        entry = pwd.getpwuid(65534)
        with mock.patch('os.geteuid', return_value=0):
            found = account.resolve(entry.pw_name)
        self.assertEqual((entry.pw_uid, entry.pw_gid), (found.uid, found.gid))
        self.assertEqual(
            {'user': 65534, 'group': entry.pw_gid, 'extra_groups': []},
            found.process_options(),
        )

    def test_a_wrong_user_is_refused(self) -> None:
        with mock.patch('os.geteuid', return_value=0):
            for name, words in (
                ('nobody at all', 'no such user'),
                ('root', 'refuse to run as root'),
            ):
                error = self.assertRaises(
                    exception.ConfigurationError, account.resolve, name
                )
                self.assertIn(words, str(error))


class BarrierTest(base.TestCase):
    def test_the_first_closed_directory_is_found(self) -> None:
        # Given
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path.chmod(0o755)
        (path / 'closed' / 'below').mkdir(parents=True)
        (path / 'closed').chmod(0o700)
        (path / 'closed' / 'below').chmod(0o700)
        other = account.Account('other', 4242, 4242)
        # Then
        self.assertEqual(
            path / 'closed', other.barrier(path / 'closed' / 'below' / 'file')
        )
        self.assertIsNone(other.barrier(path / 'missing' / 'below' / 'file'))
        owner = account.Account('owner', os.geteuid(), os.getegid())
        self.assertIsNone(owner.barrier(path / 'closed' / 'below' / 'file'))

    def test_groups_and_owners_count(self) -> None:
        other = account.Account('other', 4242, 4243)
        for uid, gid, mode, expected in (
            (4242, 1, 0o100, True),
            (4242, 1, 0o011, False),
            (1, 4243, 0o010, True),
            (1, 4243, 0o101, False),
            (1, 1, 0o001, True),
            (1, 1, 0o110, False),
        ):
            found = types.SimpleNamespace(st_uid=uid, st_gid=gid, st_mode=mode)
            self.assertEqual(expected, other._may_enter(found))

    def test_what_is_owned_already_stays(self) -> None:
        path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        me = account.Account('me', path.stat().st_uid, path.stat().st_gid)
        with mock.patch('os.chown') as chown:
            me.own(path)
            chown.assert_not_called()
            account.Account('other', 4242, 4242).own(path)
            chown.assert_called_once_with(
                path, 4242, 4242, follow_symlinks=False
            )
