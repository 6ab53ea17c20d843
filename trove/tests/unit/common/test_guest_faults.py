# SPDX-License-Identifier: Apache-2.0
"""What guest agents say that they could not do."""

from __future__ import annotations

from trove.common import guest_faults
from trove.tests import base


class ReasonTest(base.TestCase):
    def test_it_is_what_follows(self) -> None:
        said = f'{guest_faults.begins("make backup 7")}disk: full.'

        self.assertEqual('disk: full.', guest_faults.reason(said))

    def test_what_begins_otherwise_is_whole(self) -> None:
        for said in ('', 'The disk: full.', 'The guest agent could not: '):
            self.assertEqual(said, guest_faults.reason(said))
