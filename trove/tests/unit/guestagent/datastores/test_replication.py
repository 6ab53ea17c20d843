# SPDX-License-Identifier: Apache-2.0
"""What task managers say of a primary is read, or refused."""

from __future__ import annotations

from trove.common import exception
from trove.guestagent.datastores import replication
from trove.tests import base

CONTEXT = {
    'master': {'host': '10.0.0.1', 'port': 5432},
    'replica_conf': {
        'log_position': {},
        'replication_user': {'name': 'replicator', 'password': 'secret'},
    },
}


class ParseTest(base.TestCase):
    def test_what_is_needed_is_kept(self) -> None:
        # Given what released Trove says besides
        said = CONTEXT | {'dataset': {}, 'replication_strategy': 'Other'}

        self.assertEqual(CONTEXT, replication.parse(said))

    def test_the_administrator_of_a_snapshot(self) -> None:
        conf = CONTEXT['replica_conf'] | {'administrator': {'password': 'p'}}
        said = CONTEXT | {'replica_conf': conf}

        self.assertEqual(said, replication.parse(said))

    def test_a_malformed_context_is_refused(self) -> None:
        for bad in (
            {},
            CONTEXT | {'master': {'host': 'h'}},
            CONTEXT | {'master': {'host': 'h', 'port': 'many'}},
            CONTEXT | {'replica_conf': None},
        ):
            error = self.assertRaises(
                exception.BadRequest, replication.parse, bad
            )
            self.assertIn('is malformed', str(error))
