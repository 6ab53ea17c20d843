# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.objects import association
from trove.tests.unit.objects import base


class TestAssociations(base.TestCase):
    """Given a version with a flavor."""

    def setUp(self):
        super().setUp()
        association.add(self.version.id, association.FLAVOR, ['1'])

    def flavors(self):
        return association.list_(self.version.id, association.FLAVOR)

    def test_kinds_are_apart(self):
        self.assertEqual(['1'], self.flavors())
        self.assertEqual(
            [], association.list_(self.version.id, association.VOLUME_TYPE)
        )

    def test_what_is_removed_can_be_added_again(self):
        association.remove(self.version.id, association.FLAVOR, '1')
        self.assertEqual([], self.flavors())

        association.add(self.version.id, association.FLAVOR, ['1', '2'])

        self.assertEqual(['1', '2'], self.flavors())

    def test_all_or_none_are_added(self):
        error = self.assertRaises(
            exception.BadRequest,
            association.add,
            self.version.id,
            association.FLAVOR,
            ['2', '1'],
        )

        self.assertIn('flavor 1', str(error))
        self.assertEqual(['1'], self.flavors())

    def test_what_is_not_associated_cannot_be_removed(self):
        for value in ('2', '1', '1'):
            if value in self.flavors():
                association.remove(self.version.id, association.FLAVOR, value)
                continue
            error = self.assertRaises(
                exception.NotFound,
                association.remove,
                self.version.id,
                association.FLAVOR,
                value,
            )
            self.assertIn(f'flavor {value}', str(error))
