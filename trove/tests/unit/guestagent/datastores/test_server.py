# SPDX-License-Identifier: Apache-2.0
"""Where servers listen; their life is tested for real."""

from __future__ import annotations

from trove.guestagent.datastores import server
from trove.tests import base


class EndpointTest(base.TestCase):
    def test_everywhere_is_reached_here(self) -> None:
        self.assertEqual('127.0.0.1', server.Endpoint(None, 1).host)
        self.assertEqual('10.0.0.1', server.Endpoint('10.0.0.1', 1).host)
