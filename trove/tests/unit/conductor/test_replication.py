# SPDX-License-Identifier: Apache-2.0
"""What guests say of replication is checked before it is kept."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.guest import replication
from trove.objects.instance import instances
from trove.tests.unit.conductor import test_manager


class ReplicationTest(test_manager.ConductorTestCase):
    def when_reported(self, sent, said):
        self.heartbeat(
            self.guest_context,
            self.instance_id,
            {'service_status': 'healthy', 'replication': said},
            sent=sent,
        )

    def known(self, expiry=60):
        found = replication.states([self.instance_id], expiry)
        return found.get(self.instance_id)

    def test_the_newest_report_counts(self):
        self.when_reported(1.0, {'follows': True, 'lag': 2})
        self.when_reported(
            2.0, {'follows': False, 'error': 'gone', 'errant': '0-1-2'}
        )

        known = self.known()
        self.assertEqual(
            (False, None, '0-1-2', 'gone'),
            (known.follows, known.lag, known.errant, known.error),
        )
        self.assertIsNotNone(known.reported)

    def test_a_report_of_long_ago(self):
        self.when_reported(1.0, {'follows': True})

        self.assertIsNone(self.known(expiry=-1))

    def test_what_is_malformed(self):
        for sent, said in enumerate(
            (None, [], 'yes', {}, {'follows': 'yes'}, {'lag': 3}), 1
        ):
            self.when_reported(float(sent), said)

            self.assertIsNone(self.known(), said)

    def test_values_without_the_form(self):
        for sent, lag in enumerate(
            ('1', -1, 1e12, float('inf'), float('nan'), 10**400, [1]), 1
        ):
            self.when_reported(
                float(sent),
                {'follows': True, 'lag': lag, 'errant': 7, 'error': {}},
            )

            known = self.known()
            self.assertEqual(
                (True, None, '', ''),
                (known.follows, known.lag, known.errant, known.error),
                lag,
            )

    def test_long_and_strange_texts(self):
        self.when_reported(
            1.0, {'follows': True, 'error': '\x1b\0\n' + 'é🐘' * 9999}
        )

        self.assertLessEqual(len(self.known().error), 255)

    def test_nothing_is_left_of_one_that_is_deleted(self):
        self.when_reported(1.0, {'follows': True})

        instances.mark_deleted(self.instance_id)

        with session.reader() as db:
            self.assertEqual(
                [], db.scalars(sa.select(models.ReplicationState)).all()
            )
