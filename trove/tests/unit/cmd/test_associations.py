# SPDX-License-Identifier: Apache-2.0
"""Flavors and volume types of versions, as an operator associates them."""

from __future__ import annotations

from trove.objects import association
from trove.objects import datastore as datastores
from trove.tests.unit.cmd import base


class AssociationsTest(base.ManageTestCase):
    """Given two versions of one name."""

    def setUp(self):
        super().setUp()
        self.synced()
        datastores.save('postgresql')
        self.old, self.new = (
            datastores.save_version(
                'postgresql', '18', manager='postgresql', version=number
            )
            for number in ('18.5', '18.6')
        )

    def manage(self, command, *arguments):
        return self.run_manage(
            f'datastore_version_{command}',
            'postgresql',
            '18',
            *arguments,
            '--version',
            '18.6',
        )

    def test_flavors(self):
        self.assertEqual(0, self.manage('flavor_add', '2, 1'))
        self.assertIn('1, 2', self.out)
        self.assertEqual(0, self.manage('flavor_delete', '2'))

        self.assertEqual(
            ['1'], association.list_(self.new.id, association.FLAVOR)
        )
        self.assertEqual(
            [], association.list_(self.old.id, association.FLAVOR)
        )
        self.assertEqual(0, self.manage('flavor_delete', '1'))
        self.assertIn('all', self.out)

    def test_volume_types(self):
        self.assertEqual(0, self.manage('volume_type_add', 'slow,fast'))
        self.assertEqual(0, self.manage('volume_type_list'))
        self.assertEqual(['fast', 'slow'], self.out.split())
        self.assertEqual(0, self.manage('volume_type_delete', 'slow'))
        self.assertEqual(0, self.manage('volume_type_list'))
        self.assertEqual(['fast'], self.out.split())

    def test_what_is_refused(self):
        self.manage('volume_type_add', 'fast')
        for command, argument, word in (
            ('volume_type_add', 'slow,fast', 'fast'),
            ('volume_type_add', ' , ', 'commas'),
            ('volume_type_delete', 'slow', 'fast'),
            ('flavor_delete', '1', '(none)'),
        ):
            self.assertEqual(1, self.manage(command, argument))
            self.assertIn(word, self.error)
        self.assertEqual(
            1,
            self.run_manage(
                'datastore_version_flavor_add', 'postgresql', '18', '1'
            ),
        )
        self.assertIn('18.5, 18.6', self.error)
        self.assertEqual(
            1,
            self.run_manage(
                'datastore_version_flavor_add', 'mysql', '18', '1'
            ),
        )
        self.assertIn('mysql', self.error)
