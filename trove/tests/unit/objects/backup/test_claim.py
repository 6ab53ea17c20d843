# SPDX-License-Identifier: Apache-2.0
"""Backups that the API of another release has asked for."""

from __future__ import annotations

from trove.objects.backup import work
from trove.objects.instance import workflows
from trove.tests.unit.objects import base


class ClaimTest(base.TestCase):
    """Given an instance for which no work is queued."""

    def setUp(self):
        super().setUp()
        self.instance = self.ready()

    def test_a_task_manager_may_begin(self):
        self.claim(self.instance.id, work.CREATE)

    def test_but_not_while_a_task_goes_on(self):
        self.restart(self.instance.id)

        self.assertFalse(
            workflows.claim_workflow(
                self.instance.id, work.CREATE, base.OWNER
            )
        )
