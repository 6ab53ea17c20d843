# SPDX-License-Identifier: Apache-2.0
"""One guest floods a conductor, with a real broker and a real database."""

from __future__ import annotations

from concurrent import futures
import time
import uuid

import psycopg
from testtools import matchers

from trove import peers
from trove.common import exception
from trove.common import rpc
from trove.conductor import api
from trove.conductor import service
from trove.conf import database as conf_database
from trove.objects.guest import guest_versions
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.peers import connection
from trove.tests.fixtures import database
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.unit.objects import base

FLOOD = 1500
AT_ONCE = 48
OTHERS = 5
MOST = 40


class FloodTest(base.TestCase):
    """A guest with a key of its own, or somebody who has taken that."""

    database = database.PostgreSQL

    def setUp(self):
        super().setUp()
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key='T' * 32,
            inst_rpc_key_encr_key='I' * 32,
            transport_url=self.useFixture(rabbitmq.VirtualHost()).url,
        )
        self.config(group='conductor', guest_reports_per_minute=MOST)
        conductor = service.Conductor(self.conf)
        self.addCleanup(conductor.stop)
        conductor.start()
        self.control = peers.transport(self.conf)
        self.addCleanup(self.control.close)

    def guest(self):
        instance_id = self.create().id
        instance_keys.create(self.conf, instance_id)
        transport = connection.as_guest(self.control, instance_id)
        return instance_id, api.API(transport, timeout=60)

    def report(self, guest, instance_id):
        """Report a message of its own; say whether that was taken."""
        rejection = rpc.Rejection(
            'guestagent',
            instance_id,
            None,
            'polish',
            '1.9',
            'cast',
            'version',
            'it is of version 1.9',
            {'of': 'wood'},
            id=str(uuid.uuid4()),
        )
        try:
            guest.report_rejected(
                self.context, instance_id, rejection.to_dict()
            )
        except exception.ServiceUnavailable as error:
            self.assertIn('guest_reports_per_minute', str(error))
            return False
        return True

    def connections(self):
        with psycopg.connect(
            self.conf.database.connection.replace('+psycopg', '')
        ) as db:
            (number,) = db.execute(
                'SELECT count(*) FROM pg_stat_activity '
                'WHERE datname = current_database() '
                'AND pid <> pg_backend_pid()'
            ).fetchone()
            return number

    def beat(self, guest, instance_id, number):
        guest.heartbeat(
            self.context,
            instance_id=instance_id,
            payload={'service_status': 'healthy', 'rpc_version': '1.4'},
            sent=time.time() + number / 1000,
        )

    def test_it_uses_up_nothing_that_others_need(self):
        flooder_id, flooder = self.guest()
        others = [self.guest() for _ in range(OTHERS)]
        most = 0
        with futures.ThreadPoolExecutor(AT_ONCE) as threads:
            # When one reports as quickly as it can
            flood = [
                threads.submit(self.report, flooder, flooder_id)
                for _ in range(FLOOD)
            ]
            # Then others are heard meanwhile,
            waiting.until(lambda: flood[MOST * 2].done(), 'it floods')
            for number, (instance_id, guest) in enumerate(others):
                self.beat(guest, instance_id, number)
            waiting.until(
                lambda: all(
                    guest_versions.guest_version(instance_id) == '1.4'
                    for instance_id, _ in others
                ),
                'their heartbeats are taken',
            )
            heard_meanwhile = not all(each.done() for each in flood)
            while not all(each.done() for each in flood):
                most = max(most, self.connections())
                futures.wait(flood, timeout=0.2)
        self.assertTrue(heard_meanwhile)
        taken = sum(each.result() for each in flood)
        # few of its reports are written down, the rest is counted,
        self.assertThat(taken, matchers.GreaterThan(0))
        self.assertThat(taken, matchers.LessThan(FLOOD / 2))
        waiting.until(
            lambda: (
                sum(
                    each.count
                    for each in journal.list_()
                    if each.cause == 'limit'
                )
                == FLOOD - taken
            ),
            'all are counted',
        )
        self.assertEqual(
            1, self.logs.output.count('exceeded the message limit')
        )
        # and the database has connections to spare.
        self.assertThat(
            most, matchers.LessThan(conf_database.CONNECTIONS + 1)
        )
