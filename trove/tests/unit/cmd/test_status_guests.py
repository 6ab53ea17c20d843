# SPDX-License-Identifier: Apache-2.0
"""trove-status upgrade check: what new guests are given."""

from __future__ import annotations

from trove.tests.unit.cmd import checks
from trove.tests.unit.cmd.checks import FAILURE


class GuestsTest(checks.TestCase):
    def test_secrets_for_guests_are_a_failure(self):
        self.use()
        self.write(self.url, more=f'guest_config = {self.file}')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Settings of guests', FAILURE, '[database]')
