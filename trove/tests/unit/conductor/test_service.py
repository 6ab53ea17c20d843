# SPDX-License-Identifier: Apache-2.0
"""The service: messages come in, it reports itself, it stops in order."""

from __future__ import annotations

import threading
import time
from unittest import mock

from kombu.transport import memory
import sqlalchemy as sa
from testtools import matchers

from trove import peers
from trove.common import exception
from trove.common import rpc
from trove.conductor import api
from trove.conductor import service
from trove.db import models
from trove.db import session
from trove.objects import root
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.objects.instance import states
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.peers import connection
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene


class TestService(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(transport_url='kombu+memory://', service_report_interval=1)

    def given_service(self):
        component = self.component = service.Conductor(self.conf)
        component.start()
        self.addCleanup(component.stop)
        waiting.until(
            lambda: services.live(self.conf, 'trove-conductor'),
            'the conductor reports itself',
        )
        return component

    def test_heartbeat_by_message(self):
        instance_id = self.given_request()
        self.given_service()

        api.API(self.transport).heartbeat(
            self.context,
            instance_id=instance_id,
            payload={'service_status': 'healthy', 'rpc_version': '1.4'},
            sent=time.time(),
        )

        waiting.until(
            lambda: guest_versions.guest_version(instance_id) == '1.4',
            'the heartbeat is written down',
        )
        self.assertEqual(
            states.ServiceStatus.HEALTHY,
            heartbeats.heartbeat(instance_id).status,
        )

    def test_guests_learn_what_all_conductors_understand(self):
        self.given_service()
        guest = rpc.Transport(
            self.conf,
            {'conductor': lambda peer: '1.1'},
            connection=self.transport.connection,
        )
        client = api.API(guest)
        self.assertEqual(
            {'conductor': '1.1'}, client.get_versions(self.context)
        )
        services.report('trove-conductor', 'b', {'conductor': '1.0'}, None)
        self.component.reload()

        self.assertEqual(
            {'conductor': '1.0'}, client.get_versions(self.context)
        )

    def test_guests_are_told_nothing_while_nobody_knows(self):
        guest = rpc.Transport(
            self.conf,
            {'conductor': lambda peer: '1.1'},
            connection=self.transport.connection,
        )
        client = api.API(guest)
        away = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(services, 'live_versions', side_effect=away):
            self.given_service()

            error = self.assertRaises(
                exception.ServiceUnavailable,
                client.get_versions,
                self.context,
            )
        self.assertIn('registry', str(error))

        self.component.reload()

        self.assertEqual(
            {'conductor': '1.1'}, client.get_versions(self.context)
        )

    def remembered(self):
        """How many messages cannot be taken again."""
        with session.reader() as db:
            return db.scalar(
                sa.select(sa.func.count()).select_from(models.SeenMessage)
            )

    def test_what_it_cannot_take_is_written_down(self):
        instance_id = self.given_request()
        self.given_service()

        self.transport.connection.client('').prepare(
            topic=self.conf.conductor_queue, version='1.9'
        ).cast(
            {'request_id': 'req-1'}, 'report_root', instance_id=instance_id
        )

        (row,) = waiting.until(journal.list_, 'it is written down')
        self.assertEqual('version', row.cause)
        self.assertEqual('req-1', row.request_id)
        self.assertEqual(instance_id, row.instance_id)
        waiting.until(
            lambda: self.shown(instance_id).fault, 'the user is told'
        )

    def test_a_guest_in_a_loop_is_stopped(self):
        # Given a guest with a key, and a conductor
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key='T' * 32,
            inst_rpc_key_encr_key='I' * 32,
        )
        self.config(group='conductor', guest_reports_per_minute=8)
        instance_id = self.given_request()
        instance_keys.create(self.conf, instance_id)
        self.given_service()
        control = peers.transport(self.conf)
        self.addCleanup(control.close)
        guest = api.API(connection.as_guest(control, instance_id))
        # When it reports failures without end
        for number in range(30):
            guest.notify_exc_info(
                self.context,
                serialized_notification={'instance_id': instance_id},
                message=f'failure {number}',
                exception=['line'],
            )
        waiting.until(
            lambda: (
                sum(each.count for each in journal.list_())
                + self.remembered()
                == 30
            ),
            'some are taken and the others refused',
        )
        # Then few were taken, and one row counts the others,
        self.assertThat(self.remembered(), matchers.LessThan(15))
        (row,) = journal.list_()
        self.assertEqual(
            ('limit', instance_id, 'notify_exc_info', False),
            (row.cause, row.sender, row.method, row.replayable),
        )
        # the log says it once.
        self.assertEqual(1, self.logs.output.count('exceeded the'))
        # And it can still say how its database is
        guest.heartbeat(
            self.context,
            instance_id=instance_id,
            payload={'service_status': 'healthy', 'rpc_version': '1.4'},
            sent=time.time(),
        )
        waiting.until(
            lambda: guest_versions.guest_version(instance_id) == '1.4',
            'the heartbeat is written down',
        )

    def test_it_reports_before_messages_come(self):
        live = []
        component = service.Conductor(self.conf)
        self.addCleanup(component.stop)

        with mock.patch.object(
            rpc.Transport,
            'server',
            return_value=mock.Mock(
                start=lambda: live.extend(
                    services.live(self.conf, 'trove-conductor')
                )
            ),
        ):
            component.start()

        self.assertEqual(1, len(live))

    def test_it_starts_without_the_database(self):
        gone = exception.ServiceUnavailable(what='The database')
        component = service.Conductor(self.conf)
        self.addCleanup(component.stop)

        with mock.patch.object(services, 'report', side_effect=gone):
            component.start()

        self.assertIn('Could not register before the start', self.logs.output)

    def test_it_signs_off(self):
        component = self.given_service()

        component.stop()

        self.assertEqual([], services.live(self.conf, 'trove-conductor'))

    def test_stop_does_not_depend_on_the_database(self):
        component = self.given_service()
        gone = exception.ServiceUnavailable(what='The database')

        with mock.patch.object(services, 'remove', side_effect=gone):
            component.stop()

        self.assertIn('Could not unregister', self.logs.output)

    def given_heartbeat_that_is_being_written(self):
        """A service, an instance, and what lets the database go on."""
        instance_id = self.given_request()
        component = self.given_service()
        record = heartbeats.record_heartbeats
        began, go_on = threading.Event(), threading.Event()

        def slow(reports):
            began.set()
            go_on.wait(60)
            return record(reports)

        patch = mock.patch.object(heartbeats, 'record_heartbeats', slow)
        patch.start()
        self.addCleanup(patch.stop)
        self.addCleanup(go_on.set)
        api.API(self.transport).heartbeat(
            self.context,
            instance_id=instance_id,
            payload={'service_status': 'healthy', 'rpc_version': '1.4'},
            sent=time.time(),
        )
        self.assertTrue(began.wait(60))
        return component, instance_id, go_on

    def test_stop_waits_for_heartbeats(self):
        found = self.given_heartbeat_that_is_being_written()
        component, instance_id, go_on = found
        stopping = threading.Thread(target=component.stop)
        stopping.start()
        stopping.join(0.2)
        self.assertTrue(stopping.is_alive())

        go_on.set()
        stopping.join(60)

        self.assertIs(
            states.ServiceStatus.HEALTHY,
            heartbeats.heartbeat(instance_id).status,
        )

    def test_stop_gives_up_what_is_not_finished_in_time(self):
        self.config(stop_timeout=0, group='conductor')
        component, _, _ = self.given_heartbeat_that_is_being_written()

        component.stop()

        self.assertIn('Gave up messages', self.logs.output)

    def test_stop_logs_what_has_waited_for_its_turn(self):
        self.config(stop_timeout=1, group='conductor')
        instance_id = self.given_request()
        component = self.given_service()
        began, go_on = threading.Semaphore(0), threading.Event()

        def slow(*args, **kwargs):
            began.release()
            go_on.wait(60)

        self.addCleanup(go_on.set)
        patch = mock.patch.object(root, 'record_reported', slow)
        patch.start()
        self.addCleanup(patch.stop)
        for number in range(6):
            api.API(self.transport).report_root(
                self.context, instance_id=instance_id, user=f'user-{number}'
            )
        for _ in range(4):
            self.assertTrue(began.acquire(timeout=60))
        # What is not received stays for other conductors.
        waiting.until(
            lambda: not memory.Channel.queues['trove-conductor'].qsize(),
            'all are received',
        )

        component.stop()

        # The thread that received them may be behind.
        waiting.until(
            lambda: self.logs.output.count('stopped before it processed') == 2,
            'both are told',
        )
        self.assertIn('user-5', self.logs.output)

    def test_reload_looks_versions_up_anew(self):
        component = self.given_service()

        with mock.patch.object(component._transport, 'refresh') as refresh:
            component.reload()

        refresh.assert_called_once_with()

    def test_stop_before_start_is_fine(self):
        service.Conductor(self.conf).stop()
