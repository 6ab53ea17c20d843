# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.objectstore import errors
from trove.tests import base


class ErrorsTest(base.TestCase):
    def test_each_says_what_why_and_what_to_do(self):
        for make, status in (
            (errors.unreachable, 500),
            (errors.full, 413),
            (errors.denied, 401),
            (errors.missing, 404),
            (errors.damaged, 409),
            (errors.refused, 500),
        ):
            with self.subTest(make.__name__):
                error = make('store c/x', 'it said no')

                self.assertIsInstance(error, exception.ObjectStoreError)
                self.assertEqual(status, error.code)
                self.assertRegex(
                    str(error),
                    r'could not store c/x: it said no\. [A-Z].*\.$',
                )
