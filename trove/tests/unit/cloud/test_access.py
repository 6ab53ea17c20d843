# SPDX-License-Identifier: Apache-2.0
"""Which part of an access a cloud would not apply."""

from __future__ import annotations

from trove.cloud import access
from trove.tests import base

_IGNORES = frozenset({'allowed_cidrs', 'availability_zone', 'is_public'})


class UnmetTest(base.TestCase):
    def test_what_is_asked_for_and_ignored(self):
        for asked, expected in (
            (None, []),
            ({'is_public': False, 'allowed_cidrs': []}, []),
            ({'is_public': True}, ['is_public']),
            ({'allowed_cidrs': ['10.0.0.0/8']}, ['allowed_cidrs']),
            ({'allowed_cidrs': ['::/0']}, ['allowed_cidrs']),
            ({'allowed_cidrs': ['0.0.0.0/0']}, []),
            ({'allowed_cidrs': ['10.0.0.0/8', '0.0.0.0/0']}, []),
        ):
            self.assertEqual(
                expected, access.unmet(asked, _IGNORES), asked
            )

    def test_what_the_cloud_applies(self):
        asked = {'is_public': True, 'allowed_cidrs': ['10.0.0.0/8']}

        self.assertEqual([], access.unmet(asked, frozenset()))
