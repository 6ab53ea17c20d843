# SPDX-License-Identifier: Apache-2.0
"""A service of an older revision joins newer ones, and loses nothing."""

from __future__ import annotations

import threading
from unittest import mock

from trove import peers
from trove.common import exception
from trove.conductor import api as conductor_api
from trove.conductor import service as conductor
from trove.objects import service as services
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.peers import connection
from trove.peers import rollback
from trove.tests.fixtures import waiting
from trove.tests.unit.peers import given

CONDUCTOR = conductor_api.API.interface
OLDER = '1.0/stein'


class WaitTest(given.PeersTestCase):
    """Whether it waits; then it reports itself again."""

    def setUp(self):
        super().setUp()
        self.reports = []

    def waits(self, serves):
        rollback.wait(
            self.conf,
            given.TASKS,
            serves,
            lambda: self.reports.append(serves),
            intervals=0,
        )
        return bool(self.reports)

    def test_nobody_else_is_there(self):
        self.given_registered('1.9', self.conf.host)
        self.assertFalse(self.waits('1.0/train'))

    def test_others_are_newer(self):
        self.given_registered('1.9', 'one')
        self.given_registered('1.1', 'two')
        self.assertTrue(self.waits('1.0/train'))

    def test_one_of_the_others_is_as_old(self):
        self.given_registered('1.9', 'one')
        self.given_registered('1.0/train', 'two')
        self.assertFalse(self.waits('1.0/train'))
        self.assertFalse(self.waits('1.1'))

    def test_others_serve_a_major_version_that_it_does_not(self):
        self.given_registered('1.1,2.0', 'one')
        self.assertTrue(self.waits('1.1'))

    def test_the_database_is_away(self):
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(services, 'live', side_effect=gone):
            self.assertFalse(self.waits('1.0'))


class ConductorTest(given.PeersTestCase):
    def setUp(self):
        super().setUp()
        self.config(
            transport_url='kombu+memory://',
            # The broker in memory outlives a test.
            conductor_queue=self.id(),
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key='T' * 32,
            inst_rpc_key_encr_key='I' * 32,
        )
        self.config(refresh_interval=1, group='upgrade_levels')
        # It sends without end.
        self.config(guest_reports_per_minute=1_000_000, group='conductor')
        self.guest = self.given_request()
        instance_keys.create(self.conf, self.guest)

    def start(self, host, version=None):
        self.config(host=host)
        component = conductor.Conductor(self.conf, version)
        self.addCleanup(component.stop)
        component.start()

    def test_what_is_sent_while_it_starts_is_taken(self):
        # Given a newer one, and somebody who sends sealed messages without
        # end, which an older one does not take
        self.start('newer')
        control = peers.transport(self.conf)
        self.addCleanup(control.close)
        sender = conductor_api.API(connection.as_guest(control, self.guest))
        self.assertEqual(CONDUCTOR.latest.name, sender.cap)
        ended, sent = threading.Event(), []

        def send():
            while not ended.wait(0.01):
                sender.notify_end(
                    self.context,
                    serialized_notification={'instance_id': self.guest},
                    notification_args={},
                )
                sent.append(sender.cap)

        thread = threading.Thread(target=send)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(ended.set)
        waiting.until(lambda: sent, 'it sends')

        # When an older one joins it
        self.start('older', OLDER)

        # Then who sends has noticed, and nothing has come to the older one.
        waiting.until(lambda: sent[-1] == OLDER, 'it has noticed')
        self.assertEqual([], journal.list_())
        self.assertIn('The other conductors are newer', self.logs.output)
