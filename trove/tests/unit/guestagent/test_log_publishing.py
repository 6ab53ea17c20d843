# SPDX-License-Identifier: Apache-2.0
"""Logs are published in pieces, once, and never by half lines."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
from typing import Any

import fixtures

from trove.common import exception
from trove.guestagent import log_publishing as publishing
from trove.guestagent.datastores import logs
from trove.objectstore import local
from trove.tests import base

_LIMIT = 4096


class Broken(local.LocalStore):
    """Stores so many objects, then no more."""

    left = 0

    def save(self, *args: Any, **kwargs: Any) -> Any:
        stored = super().save(*args, **kwargs)
        if not self.left:
            raise exception.ObjectStoreUnreachable(
                action='store', reason='it is gone', remedy='Wait.'
            )
        self.left -= 1
        return stored


class PublishingTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        root = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.log = logs.Log('general', root / 'general.log', {})
        self.store = local.LocalStore(root / 'store')
        self.target = publishing.Target(
            self.store, 'c', 'i/maker-general', _LIMIT, 9 * _LIMIT, 60
        )
        self.position = publishing.Position()

    def given(self, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        with self.log.path.open('ab') as file:
            file.write(data)

    def publish(self, **changes: Any) -> None:
        publishing.publish(
            self.log,
            dataclasses.replace(self.target, **changes),
            self.position,
            self.record,
        )

    def record(self, position: publishing.Position) -> None:
        self.position = position

    def names(self) -> list[str]:
        return [
            entry.name
            for entry in self.store.entries('c', 'i/maker-general/')
        ]

    def pieces(self) -> list[bytes]:
        return [self.read(name) for name in self.names()]

    def read(self, name: str) -> bytes:
        location = self.store.location('c', name)
        return b''.join(self.store.read(location, None))

    def rest(self) -> tuple[int, bool]:
        with self.log.opened() as files:
            found = publishing.rest(files, self.position)
            return found.size, found.rotated

    def test_what_is_new_is_published_once(self) -> None:
        self.given('one\ntwo\n')
        self.publish()
        self.publish()
        self.given('three\n')
        self.assertEqual((6, False), self.rest())
        self.publish()

        self.assertEqual([b'one\ntwo\n', b'three\n'], self.pieces())
        self.assertEqual((0, False), self.rest())
        self.assertEqual(14, self.position.total)

    def test_a_line_that_is_not_complete(self) -> None:
        self.given('one\ntw')
        self.publish()
        self.given('o\n')
        self.publish()

        self.assertEqual([b'one\n', b'two\n'], self.pieces())

    def test_pieces_end_with_lines(self) -> None:
        text = ''.join(f'{number:0999}\n' for number in range(9))
        self.given(text)

        self.publish()

        self.assertEqual([4000, 4000, 1000], list(map(len, self.pieces())))
        self.assertEqual(text.encode(), b''.join(self.pieces()))
        head = self.store.head(self.store.location('c', self.names()[0]))
        self.assertEqual({'lines': '4'}, head.metadata)

    def test_a_log_without_end(self) -> None:
        self.given(b'y' * (_LIMIT - 1) + b'\n')
        with self.log.path.open('ab') as file:
            file.truncate(1 << 40)

        self.publish()

        self.assertEqual(9, len(self.names()))
        self.assertEqual(((1 << 40) - 9 * _LIMIT, False), self.rest())
        # And the next time, it goes on
        self.publish()
        self.assertEqual(18, len(self.names()))

    def test_a_line_longer_than_a_piece(self) -> None:
        self.given('x' * (_LIMIT + 5) + '\ny\n')

        self.publish()

        self.assertEqual([_LIMIT, 8], list(map(len, self.pieces())))

    def test_what_is_no_text(self) -> None:
        self.given(b'\xff\xfe caf\xc3\xa9\n' + b'\xff' * 100 + b'\n')

        self.publish()

        (piece,) = self.pieces()
        self.assertEqual('?? café', piece.decode().splitlines()[0])
        self.assertLessEqual(len(piece), self.position.total)

    def test_rotated_meanwhile(self) -> None:
        self.given('one\n')
        self.publish()
        self.given('two\n')
        self.log.rotate()
        # The server goes on with the former part until it opens the new one
        self.given('one\nthree\n')

        self.assertEqual((14, False), self.rest())
        self.publish()

        self.assertEqual(
            b'one\ntwo\none\nthree\n', b''.join(self.pieces())
        )

    def test_what_was_published_last_is_gone(self) -> None:
        self.given('one\n')
        self.publish()
        self.log.path.unlink()
        self.given('two\n')

        self.assertEqual((4, True), self.rest())
        self.publish()

        self.assertEqual(b'one\ntwo\n', b''.join(self.pieces()))
        self.assertEqual((0, False), self.rest())

    def test_overwritten_in_place(self) -> None:
        self.given('one\n')
        self.publish()
        self.log.path.write_text('six\nseven\n')

        self.assertEqual((10, True), self.rest())

    def test_an_agent_that_ended_meanwhile(self) -> None:
        self.given('one\n' * 2000)
        broken = Broken(self.target.store._directory)
        broken.left = 1
        self.assertRaises(
            exception.ObjectStoreUnreachable, self.publish, store=broken
        )
        self.assertEqual(2, len(self.names()))

        self.publish()

        self.assertEqual(2, len(self.names()))
        self.assertEqual(b'one\n' * 2000, b''.join(self.pieces()))

    def test_secrets_are_masked(self) -> None:
        self.log = dataclasses.replace(self.log, masked=True)
        self.given("password='hunter2'\nok\n")

        self.publish()

        (piece,) = self.pieces()
        self.assertNotIn(b'hunter2', piece)
        self.assertEqual(b'ok', piece.splitlines()[1])

    def test_how_releases_find_it(self) -> None:
        self.given('one\ntwo\n')
        self.publish()

        about = json.loads(self.read('i/maker-general_metafile'))
        digest = hashlib.md5(b'one\n', usedforsecurity=False).hexdigest()
        self.assertEqual(
            {
                'log_name': 'general',
                'log_type': 'USER',
                'log_file': str(self.log.path),
                'log_size': 8,
                'log_header_digest': digest,
            },
            about,
        )
        self.assertRegex(
            self.names()[0],
            r'^i/maker-general/log-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$',
        )

    def test_discarded(self) -> None:
        self.given('one\n')
        self.publish()
        kept = dataclasses.replace(self.target, prefix='i/maker-other')
        publishing.publish(
            self.log, kept, publishing.Position(), lambda _: None
        )

        publishing.discard(self.target)

        left = [each.name for each in self.store.entries('c')]
        self.assertEqual(2, len(left))
        for name in left:
            self.assertIn('maker-other', name)
