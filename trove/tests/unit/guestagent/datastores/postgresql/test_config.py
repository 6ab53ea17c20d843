# SPDX-License-Identifier: Apache-2.0
"""The configuration of PostgreSQL."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.guestagent.datastores.postgresql import config
from trove.tests import base


class RenderTest(base.TestCase):
    def test_values_are_quoted(self) -> None:
        self.assertEqual(
            "a = on\nb = off\nc = '1'\nd = '0.5'\n"
            "e.f = 'it''s \\\\ # not a comment'\n",
            config.render(
                {
                    'a': True,
                    'b': False,
                    'c': 1,
                    'd': 0.5,
                    'e.f': "it's \\ # not a comment",
                }
            ),
        )

    def test_nothing_can_be_smuggled_in(self) -> None:
        for settings in (
            {'a = 1\nb': 1},
            {'a b': 1},
            {'': 1},
            {'include': 'x', 'a-b': 1},
            {'a': 'x\ny = 1'},
            {'a': 'x\0'},
            {'include': '/etc/passwd'},
            {'Include_Dir': '/etc'},
            {'data_directory': '/elsewhere'},
            {1: 'x'},
        ):
            self.assertRaises(exception.BadRequest, config.render, settings)


class StoreTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def test_what_was_told_is_kept(self) -> None:
        store = config.Store(self.path / 's')
        self.assertEqual((None, '', {}), self.told(store))
        store.memory_mb, store.basic = 512, 'a = 1\n'
        store.overrides = {'b': 2}
        store.save()
        self.assertEqual(
            (512, 'a = 1\n', {'b': 2}),
            self.told(config.Store(self.path / 's')),
        )

    def told(self, store: config.Store) -> tuple:
        return store.memory_mb, store.basic, store.overrides

    def test_overrides_go_back_to_those_of_the_last_start(self) -> None:
        store = config.Store(self.path / 's')
        store.overrides = {'a': 1}
        self.assertIsNone(store.take_back())
        store.prove()
        self.assertIsNone(store.take_back())
        store.overrides = {'a': 2}
        store.save()

        store = config.Store(self.path / 's')
        self.assertEqual({'a': 2}, store.take_back())

        self.assertEqual({'a': 1}, store.overrides)
        self.assertEqual({'a': 1}, config.Store(self.path / 's').overrides)

    def test_the_option_goes_before_the_order(self) -> None:
        store = config.Store(self.path / 's')
        for option, told, expected in (
            (2048, 1024, '512MB'),
            (None, 1024, '256MB'),
            (None, None, '128MB'),
        ):
            store.memory_mb = told
            self.assertIn(
                f"shared_buffers = '{expected}'\n",
                store.sizing(option, 1024**3),
            )

    def test_files_are_written_beside_the_data(self) -> None:
        # Given
        data = self.path / "da'ta"
        # When
        for text in ('a = 1\n', 'a = 2\n'):
            config.write(
                self.path / 'config', data, {'50-user.conf': text}, None
            )
        # Then
        found = {
            str(path.relative_to(self.path / 'config')): path.read_text()
            for path in (self.path / 'config').rglob('*.conf')
        }
        self.assertEqual(
            f"include_if_exists = '{self.path}/da''ta/postgresql.conf'\n"
            "include_dir = 'trove.d'\n",
            found['postgresql.conf'],
        )
        self.assertEqual('a = 2\n', found['trove.d/50-user.conf'])
        self.assertIn('scram-sha-256', found['pg_hba.conf'])
        self.assertFalse(data.exists())
