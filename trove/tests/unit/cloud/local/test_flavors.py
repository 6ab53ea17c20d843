# SPDX-License-Identifier: Apache-2.0
"""Flavors out of the options."""

from trove.cloud import base as cloud_base
from trove.cloud.local import flavors
from trove.common import exception
from trove.tests import base


class ParseTestCase(base.TestCase):
    def test_the_defaults_are_five_with_small_ids(self):
        parsed = flavors.parse(self.conf.cloud_local.flavor)

        self.assertEqual(['1', '2', '3', '4', '5'], [f.id for f in parsed])

    def test_they_are_listed_from_the_smallest(self):
        parsed = flavors.parse(['b:big:2048:2:10', 'a:small:256:1:0'])

        self.assertEqual(
            [
                cloud_base.Flavor('a', 'small', 256, 1, 0),
                cloud_base.Flavor('b', 'big', 2048, 2, 10),
            ],
            parsed,
        )

    def test_what_is_malformed_is_refused_with_the_form(self):
        for value in (
            '',
            '1:tiny:512:1',
            '1:tiny:512:1:0:0',
            ':tiny:512:1:0',
            '1::512:1:0',
            '1:tiny:much:1:0',
            '1:tiny:8:1:0',
            '1:tiny:512:0:0',
            '1:tiny:512:1:-1',
        ):
            error = self.assertRaises(
                exception.ConfigurationError, flavors.parse, [value]
            )
            self.assertIn('ID:NAME:RAM:VCPUS:DISK', str(error))

    def test_an_id_given_twice_is_refused(self):
        error = self.assertRaises(
            exception.ConfigurationError,
            flavors.parse,
            ['1:a:512:1:0', '1:b:1024:1:0'],
        )

        self.assertIn('occurs twice', str(error))
