# SPDX-License-Identifier: Apache-2.0
"""What is restored with a backup, and with what of the object store."""

from __future__ import annotations

import io
from typing import Any
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import restores
from trove.objectstore import base as stores
from trove.objectstore import local
from trove.tests import base


class ChainTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.access = {
            'driver': 'local',
            'directory': self.useFixture(fixtures.TempDir()).path,
        }
        self.store = local.LocalStore(self.access['directory'])
        self.parent: stores.Stored | None = None
        for name in ('one', 'two', 'three'):
            self.parent = self.save(name, self.parent)

    def save(
        self, name: str, parent: stores.Stored | None = None, **known: str
    ) -> stores.Stored:
        if parent is not None:
            known |= {
                'parent-location': parent.location,
                'parent-checksum': parent.checksum,
            }
        return self.store.save(
            'c', name, io.BytesIO(name.encode()), {'label': name, **known}
        )

    def ordered(self, stored: stores.Stored, **changes: Any) -> list[str]:
        info = {'location': stored.location, 'checksum': stored.checksum}
        links = restores.ordered(
            trove_context.TroveContext(), info | changes, self.access
        )
        return [
            f'{link.metadata["label"]}: {b"".join(link.read()).decode()}'
            for link in links
        ]

    def test_parents_come_first(self) -> None:
        self.assertEqual(
            ['one: one', 'two: two', 'three: three'], self.ordered(self.parent)
        )

    def test_a_parent_that_is_missing_is_named(self) -> None:
        missing = self.store.location('c', 'one')
        self.store.delete(missing)

        error = self.assertRaises(
            exception.ObjectMissing, self.ordered, self.parent
        )

        self.assertIn(missing, str(error))

    def test_what_is_not_what_it_was_is_refused(self) -> None:
        self.assertRaises(
            exception.ObjectDamaged,
            self.ordered,
            self.parent,
            checksum='another',
        )
        # Or a parent that was replaced
        self.save('one', other='metadata')
        self.assertEqual(3, len(self.ordered(self.parent)))
        self.store.save('c', 'one', io.BytesIO(b'other'), {'label': 'one'})
        error = self.assertRaises(
            exception.ObjectDamaged, self.ordered, self.parent
        )
        self.assertIn('/one', str(error))

    def test_a_parent_is_in_the_same_container(self) -> None:
        # Given a backup of somebody else
        other = self.store.save('other', 'x', io.BytesIO(b'x'), {'label': 'x'})
        stored = self.save('bad', other)

        error = self.assertRaises(exception.BadRequest, self.ordered, stored)

        self.assertIn('in another container', str(error))
        self.assertIn(other.location, str(error))

    def test_the_address_of_a_store_may_change(self) -> None:
        known = {
            'parent-location': 'https://new/v1/AUTH_p/c/full',
            'parent-checksum': 'sum',
        }
        store = mock.Mock(spec=stores.Store)
        store.head.side_effect = lambda location: stores.Head(
            location, 'sum', 1, {} if location.endswith('full') else known
        )

        links = restores.chain(store, {'location': 'http://old/v1/AUTH_p/c/i'})

        self.assertEqual(known['parent-location'], links[0].location)

    def test_none_is_made_that_could_not_be_restored(self) -> None:
        info = {'parent': {'location': self.parent.location}}

        self.assertEqual(
            self.parent.location,
            restores.parent_of(self.store, info, 'c').location,
        )
        error = self.assertRaises(
            exception.BadRequest, restores.parent_of, self.store, info, 'd'
        )
        self.assertIn('the container of its parent', str(error))

    def test_a_circle_is_not_followed(self) -> None:
        location = self.store.location('c', 'circle')
        stored = self.save('circle', **{'parent-location': location})

        error = self.assertRaises(
            exception.BadRequest, self.ordered, stored, checksum=None
        )

        self.assertIn('Restore another backup', str(error))


class ReleasedAccessTest(base.TestCase):
    def test_a_token_and_where_to_use_it(self) -> None:
        context = trove_context.TroveContext(auth_token='t')

        self.assertEqual(
            {'driver': 'swift', 'storage_url': 'http://s/v1/a', 'token': 't'},
            restores.released_access(context, {'swift_url': 'http://s/v1/a'}),
        )

    def test_what_is_missing_is_told(self) -> None:
        context = trove_context.TroveContext(auth_token='t')
        for asked, info in (
            (context, {}),
            (context, {'storage_driver': 'local', 'swift_url': 'u'}),
            (trove_context.TroveContext(), {'swift_url': 'u'}),
        ):
            error = self.assertRaises(
                exception.BadRequest, restores.released_access, asked, info
            )
            self.assertIn('no "store"', str(error))
