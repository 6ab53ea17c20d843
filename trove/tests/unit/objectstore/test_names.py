# SPDX-License-Identifier: Apache-2.0
"""Names that are the paths of other objects, and those of a backup."""

from __future__ import annotations

from trove.common import exception
from trove.objectstore import _names
from trove.objectstore import base as stores
from trove.tests import base


class NamesTest(base.TestCase):
    def test_names_that_are_only_their_own_paths(self):
        for container, name in (
            ('', ''),
            ('box', ''),
            ('box', 'b1.tar.gz'),
            ('box', 'id/datastore/log-2027-01-31T00:00:00.000000'),
            ('box', '...'),
            ('b x', '%2e%2e/ü'),
        ):
            with self.subTest(name):
                _names.check(container, name, 'find it')

    def test_names_that_are_the_paths_of_others(self):
        for container, name in (
            ('..', ''),
            ('.', 'b1'),
            ('', 'b1'),
            ('box/..', 'b1'),
            ('a/b', 'b1'),
            ('box', '..'),
            ('box', 'b1/../b2'),
            ('box', './b1'),
            ('box', 'b1/.'),
            ('box', 'b1//b2'),
            ('box', '/b1'),
            ('box', 'b1/'),
            ('box', 'b1\nb2'),
            ('box', 'b1\0'),
            ('box', '\ud800'),
        ):
            with self.subTest(container=container, name=name):
                error = self.assertRaises(
                    exception.ObjectRefused,
                    _names.check,
                    container,
                    name,
                    'find it',
                )
                self.assertIn('could not find it', str(error))

    def test_the_objects_of_a_backup(self):
        for rest in (
            '',
            '.tar.gz',
            '.xbstream.gz.enc.metadata',
            '_00000001',
            '_manifest_00000001',
            '-2027-01-31T00:00:00',
            '-2027-01-31T00:00:00.123456',
            '-2027-01-31T00:00:00.123456_00000001',
        ):
            self.assertTrue(_names.is_of('b1', f'b1{rest}'), rest)

    def test_what_others_call_alike(self):
        for name in (
            'b',
            'b10',
            'b1_1',
            'b1_more',
            'b1_00000001x',
            'b1_00000001\n',
            'b1.tar.GZ',
            'b1/../b2',
            'b1-later',
            '',
        ):
            self.assertFalse(_names.is_of('b1', name), name)

    def test_a_list_with_too_many_others(self):
        entries = (
            stores.Entry(f'b1_{number}x', 1) for number in range(100_001)
        )

        error = self.assertRaises(
            exception.ObjectRefused,
            list,
            _names.of('b1', entries, 'delete b1'),
        )

        self.assertIn('more than 100000 objects', str(error))
