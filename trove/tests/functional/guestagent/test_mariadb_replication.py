# SPDX-License-Identifier: Apache-2.0
"""Replicas of a MariaDB, by the orders that agents get."""

from __future__ import annotations

from trove.tests.functional.guestagent import replicas
from trove.tests.functional.guestagent import stores


class ReplicationTest(replicas.GTIDTests):
    store = stores.MariaDB()
