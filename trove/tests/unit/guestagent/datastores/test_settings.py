# SPDX-License-Identifier: Apache-2.0
"""The settings that the agent keeps, and their files."""

from __future__ import annotations

import pathlib
import stat

import fixtures

from trove.guestagent.datastores import settings
from trove.tests import base


class StoreTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def store(self) -> settings.Store:
        return settings.Store(self.path / 's')

    def test_what_was_told_is_kept(self) -> None:
        store = self.store()
        self.assertEqual((None, '', {}), self.told(store))
        store.memory_mb, store.basic = 512, 'a = 1\n'
        store.overrides = {'b': 2}
        store.save()
        self.assertEqual((512, 'a = 1\n', {'b': 2}), self.told(self.store()))

    def told(self, store: settings.Store) -> tuple:
        return store.memory_mb, store.basic, store.overrides

    def test_the_option_goes_before_the_order(self) -> None:
        store = self.store()
        for option, told, expected in (
            (2048, 1024, 2048),
            (None, 1024, 1024),
            (None, None, 512),
        ):
            store.memory_mb = told
            self.assertEqual(expected, store.memory(option))

    def test_overrides_go_back_to_those_of_the_last_start(self) -> None:
        store = self.store()
        store.overrides = {'a': 1}
        self.assertIsNone(store.take_back())
        store.prove()
        self.assertIsNone(store.take_back())
        store.overrides = {'a': 2}
        store.save()

        store = self.store()
        self.assertEqual({'a': 2}, store.take_back())

        self.assertEqual({'a': 1}, store.overrides)
        self.assertEqual({'a': 1}, self.store().overrides)

    def test_what_was_overridden_is_known_until_the_next_start(self) -> None:
        store = self.store()
        store.override({'a': 1, 'b': 1})
        store.override({'c': 1})
        self.assertEqual(['a', 'b', 'c'], self.store().touched)
        store.prove()
        self.assertEqual([], self.store().touched)


class WriteTest(base.TestCase):
    def test_files_are_written_for_one_reader(self) -> None:
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for text in ('a = 1\n', 'a = 2\n'):
            settings.write(
                root / 'config', {'main': text, 'more.d/x': text}, None
            )
        for name in ('main', 'more.d/x'):
            path = root / 'config' / name
            self.assertEqual('a = 2\n', path.read_text())
            self.assertEqual(0o600, stat.S_IMODE(path.stat().st_mode))

    def test_the_machine_has_memory(self) -> None:
        self.assertGreater(settings.machine_memory_mb(), 64)
