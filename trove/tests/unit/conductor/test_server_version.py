# SPDX-License-Identifier: Apache-2.0
"""Database servers of other versions than were ordered."""

from __future__ import annotations

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.tests.unit.conductor import test_manager


class TestServerVersion(test_manager.ConductorTestCase):
    def when_reported(self, sent, server_version):
        self.heartbeat(
            self.guest_context,
            self.instance_id,
            {'service_status': 'healthy', 'server_version': server_version},
            sent=sent,
        )

    def fault(self):
        """The fault that the instance has, as the users see it."""
        fault = self.shown(self.instance_id).fault
        return fault.message if fault else None

    def test_server_of_another_version_than_was_ordered(self):
        # The datastore version is 18.
        for sent, version in enumerate(('18.6', None, 'x', 18, '18.7'), 1):
            self.when_reported(sent=sent, server_version=version)
            self.assertIsNone(self.fault())

        for sent in range(10, 14):
            self.when_reported(sent=sent, server_version='17.2')
            self.assertEqual(
                'The database server is of version 17.2, and 18 was ordered. '
                'If this was not intended, install version 18 on its server '
                'again, then restart the instance.',
                self.fault(),
            )
        self.assertEqual(1, self.logs.output.count('and 18 was ordered'))
        with session.reader() as db:
            rows = db.scalars(sa.select(models.InstanceFault)).all()
        self.assertEqual(1, len(rows))

        self.when_reported(sent=20.0, server_version='16.1')
        self.assertIn('16.1, and 18 was ordered', self.fault())
        self.when_reported(sent=21.0, server_version='18.6')
        self.assertIsNone(self.fault())
        self.assertIn('has the ordered version', self.logs.output)

    def test_other_faults_are_not_covered_by_that(self):
        instances.add_fault(self.instance_id, 'Out of memory.')

        self.when_reported(sent=1.0, server_version='17.2')
        self.assertEqual('Out of memory.', self.fault())
        self.when_reported(sent=2.0, server_version='18.6')
        self.assertEqual('Out of memory.', self.fault())

        # Once they are gone it is told.
        instances.clear_faults(self.instance_id)
        self.when_reported(sent=3.0, server_version='17.2')
        self.assertIn('17.2, and 18 was ordered', self.fault())

    def test_old_news_of_the_server_do_not_count(self):
        self.when_reported(sent=5.0, server_version='18.6')
        self.when_reported(sent=4.0, server_version='17.2')

        self.assertIsNone(self.fault())
