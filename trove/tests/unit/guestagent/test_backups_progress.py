# SPDX-License-Identifier: Apache-2.0
"""How often it is told how far a backup is."""

from __future__ import annotations

from typing import Any

from trove.common import exception
from trove.guestagent import backups_progress
from trove.tests import base


class ProgressTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 0.0
        self.error: exception.TroveError | None = None
        self.told: list[int] = []

    def tell(self, fields: dict[str, Any]) -> None:
        self.told.append(fields['progress'])
        if self.error is not None:
            raise self.error

    def told_of(self, *moments: float) -> list[int]:
        progress = backups_progress.Progress(self.tell, {}, lambda: self.now)
        for self.now in moments:
            progress(int(self.now * 10))
        return self.told

    def test_it_is_told_now_and_then(self) -> None:
        self.assertEqual(
            [0, 20, 50], self.told_of(0.0, 1.0, 1.9, 2.0, 3.0, 5.0)
        )

    def test_a_silent_conductor_stops_no_backup(self) -> None:
        self.error = exception.ServiceUnavailable(what='The broker')

        self.assertEqual([0, 600], self.told_of(0.0, 2.0, 59.0, 60.0))
