# SPDX-License-Identifier: Apache-2.0
from trove.common import ordered
from trove.tests import base


class OrderedTest(base.TestCase):
    def test_what_fits(self):
        for found, wanted in (
            ('18.6', '18'),
            ('18.6', '18.6'),
            ('18.6', '18.6.1'),
            ('18.6', '18-bookworm'),
            ('5.7.33', '5.7'),
            ('8.0.40', '8'),
            # Promises none.
            ('18.6', 'latest'),
            ('18.6', 'v15'),
            ('18.6', ''),
            ('18.6', None),
        ):
            self.assertTrue(ordered.fits(found, wanted), (found, wanted))

    def test_what_does_not(self):
        for found, wanted in (
            ('15.3', '18'),
            ('18.6', '18.5'),
            ('18.6', '1'),
            ('5.7.33', '5.6'),
            ('5.7.33', '5.7.34'),
        ):
            self.assertFalse(ordered.fits(found, wanted), (found, wanted))

    def test_numbers_of_what_anybody_may_say(self):
        for said, number in (
            ('18.6 (Debian 18.6-1)', '18.6'),
            ('10.11.6-MariaDB', '10.11.6'),
            ('9' * 99, '9' * 6),
            ('x', None),
            ('', None),
            (18, None),
            (None, None),
            ([], None),
        ):
            self.assertEqual(number, ordered.number(said))
