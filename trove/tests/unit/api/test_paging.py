# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.tests.unit.api import base


class TestMarker(base.TestCase):
    def test_a_quoted_one_that_holds_nul(self):
        instance = self.active()
        for path in (
            '/instances',
            f'/instances/{instance.id}/databases',
            f'/instances/{instance.id}/users',
        ):
            response = self.get(
                path, query_string='marker=a%2500&marker_is_quoted=1'
            )

            self.assert_refused(response, 'U+0000')
        self.assertEqual([], self.transport.sent)
