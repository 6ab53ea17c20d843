# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import os
import pathlib

import fixtures

from trove.common import exception
from trove.objectstore import local
from trove.tests import base
from trove.tests.unit.objectstore import contract


class LocalStoreTest(contract.Contract, base.TestCase):
    container = 'backups'

    def setUp(self) -> None:
        super().setUp()
        self.root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.store = local.LocalStore(self.root / 'store')

    def file(self, name: str = 'b1.tar.gz') -> pathlib.Path:
        return self.root / 'store' / 'backups' / name

    def left(self) -> list[str]:
        return [each.name for each in self.root.rglob('*') if each.is_file()]

    def test_an_object_is_a_file_that_others_cannot_read(self):
        stored = self.save()

        self.assertEqual(self.file().as_uri(), stored.location)
        self.assertEqual(contract.md5(self.data), stored.checksum)
        self.assertEqual(self.data, self.file().read_bytes())
        for path in self.file().parent, *self.file().parent.iterdir():
            self.assertEqual(0, path.stat().st_mode & 0o077, path)

    def test_what_is_being_stored_is_not_seen(self):
        seen = []

        self.save(progress=lambda _: seen.extend(self.names()))

        self.assertEqual([], seen)
        self.assertEqual(['b1.tar.gz'], self.names())

    def test_a_truncated_object_does_not_end_well(self):
        stored = self.save()
        os.truncate(self.file(), len(self.data) - 1)

        error = self.assertRaises(
            exception.ObjectDamaged, self.load, stored
        )

        self.assertIn(f'{len(self.data) - 1} bytes that were read', str(error))

    def test_changed_data_do_not_end_well(self):
        stored = self.save()
        with self.file().open('r+b') as file:
            file.write(b'changed')

        self.assertRaises(exception.ObjectDamaged, self.load, stored)

    def test_an_unreadable_side_file_is_told(self):
        stored = self.save()
        self.file('.b1.tar.gz.json').write_text('{')

        error = self.assertRaises(
            exception.ObjectDamaged, self.store.head, stored.location
        )

        self.assertIn('.b1.tar.gz.json', str(error))

    def test_a_full_file_system_is_told_before_it_is_full(self):
        self.store = local.LocalStore(self.root / 'store', min_free=1 << 62)

        error = self.assertRaises(exception.ObjectStoreFull, self.save)

        self.assertIn(str(1 << 62), str(error))
        self.assertEqual([], self.left())

    def test_a_directory_that_is_away_is_no_missing_object(self):
        self.store.check()
        (self.root / 'store').write_text('not mounted')

        for use in self.save, self.store.check:
            error = self.assertRaises(
                exception.ObjectStoreUnreachable, use
            )
            self.assertIn(f'Not a directory ({self.root}', str(error))
            self.assertIn('Check that it is running', str(error))

    def test_what_a_killed_writer_left_is_deleted(self):
        stored = self.save()
        self.file().rename(self.file('.b1.tar.gz.unfinished'))

        self.store.delete(stored.location)

        self.assertEqual([], self.left())

    def test_names_do_not_lead_elsewhere(self):
        (self.root / 'store').mkdir()
        (self.root / 'store' / 'link').symlink_to(self.root)
        for container, name in (
            ('..', 'x'),
            ('c', '../../x'),
            ('c', '/etc/passwd'),
            ('c', 'a//b'),
            ('c', '.hidden'),
            ('c', ''),
            ('c', 'a\0b'),
            ('a/b', 'x'),
            ('link', 'x'),
        ):
            with self.subTest(container=container, name=name):
                self.assertRaises(
                    exception.ObjectStoreError,
                    self.store.save,
                    container,
                    name,
                    io.BytesIO(b'x'),
                    {},
                )

        self.assertEqual([], self.left())

    def test_locations_do_not_lead_elsewhere(self):
        secret = self.root / 'secret'
        secret.write_text('x')
        top = self.root / 'store'
        for location in (
            secret.as_uri(),
            f'{top.as_uri()}/c/../../secret',
            f'{top.as_uri()}/c/%2e%2e/%2e%2e/secret',
            f'{top.as_uri()}/c',
            f'http://host{top}/c/x',
        ):
            with self.subTest(location):
                for use in (
                    self.store.head,
                    self.store.delete,
                    lambda location: next(self.store.read(location, None)),
                ):
                    self.assertRaises(
                        exception.ObjectStoreError, use, location
                    )
        self.assertTrue(secret.exists())

    def test_names_with_folders(self):
        stored = self.save(name='i1/postgresql-general/log 1')

        self.assertEqual(self.data, self.load(stored))
        self.assertEqual(
            ['i1/postgresql-general/log 1.tar.gz'], self.names()
        )

    def test_what_is_kept_for_a_time_is_deleted(self):
        for number in range(2):
            self.save(name=f'short-{number}', delete_after=60)
            self.save(name=f'kept-{number}')
        old = self.file('short-0.tar.gz')
        os.utime(old, (1, 1))
        os.utime(self.file('kept-0.tar.gz'), (1, 1))
        self.file('.broken.json').write_text('{')

        self.save(name='short-2', delete_after=60)

        self.assertEqual(
            ['kept-0', 'kept-1', 'short-1', 'short-2'],
            [name.removesuffix('.tar.gz') for name in self.names()],
        )
        self.assertFalse(old.with_name(f'.{old.name}.json').exists())

    def test_objects_are_not_assembled(self):
        error = self.assertRaises(
            exception.ObjectStoreError,
            self.store.assemble,
            'backups',
            'b1',
            '.gz',
            number=1,
            checksum='c',
            metadata={},
        )

        self.assertIn('as a whole', str(error))
