# SPDX-License-Identifier: Apache-2.0
"""Replicas of a MariaDB, by the orders that agents get."""

from __future__ import annotations

from typing import Any

from trove.tests.functional.guestagent import replicas
from trove.tests.functional.guestagent import stores


class ReplicationTest(replicas.GTIDTests):
    store = stores.MariaDB()

    def newest(self, full: dict[str, Any]) -> dict[str, Any]:
        return self.backup('more', full)
