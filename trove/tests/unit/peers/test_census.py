# SPDX-License-Identifier: Apache-2.0
"""Services of releases are found, and who only says to be one is not."""

from __future__ import annotations

import itertools
from unittest import mock

from trove.common import exception
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.objects import sealing
from trove.objects import service as services
from trove.peers import census
from trove.peers import control_keys
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.taskmanager import api as task_api
from trove.tests.fixtures import broker
from trove.tests.fixtures import waiting
from trove.tests.unit.peers import given

TASKS = given.TASKS
LATEST = given.LATEST


class TestCensus(given.PeersTestCase):
    def test_one_of_a_release_counts_before_the_first_of_ours_listens(self):
        self.given_service('1.0/victoria')

        self.census().begin()
        self.given_registered(LATEST)

        self.assertEqual(['1.0/victoria'], self.found())
        self.assertEqual('1.0/victoria', self.cap())
        self.assertIn('trove-rpc peers', self.logs.output)

    def test_one_that_is_started_beside_ours_is_found(self):
        # Given: two of ours, then somebody rolls one back.
        self.given_service(None, 'new')
        self.given_registered(LATEST)
        census = self.census()
        census.look()
        self.assertEqual([], self.found())

        self.given_service('1.0/train')

        # Answers of both may mix at first, and it be taken for a later one.
        waiting.until(
            lambda: census.look() or '1.0/train' in self.found(),
            'it is found',
        )
        self.assertEqual('1.0/train', self.cap())

    def test_one_that_is_gone_is_forgotten(self):
        name = f'{services.UNREGISTERED} 1.0'
        self.given_registered('1.0', name)
        self.given_registered(LATEST)

        with mock.patch.object(services, 'live', return_value=[]):
            self.census().look()

        self.assertEqual([], self.found())
        self.assertEqual(LATEST, self.cap())

    def test_one_that_was_seen_lately_counts_on(self):
        self.given_registered('1.0', f'{services.UNREGISTERED} 1.0')
        self.given_service(None, 'new')

        self.census().look()

        self.assertEqual(['1.0'], self.found())

    def test_each_worker_of_a_conductor_is_asked_while_one_is_older(self):
        self.config(trove_conductor_workers=9)
        interface = conductor_api.API.interface
        for host, revision in (
            ('new', interface.latest.name),
            (f'{services.UNREGISTERED} 1.0', '1.0'),
        ):
            services.report(
                'trove-conductor', host, {'conductor': revision}, '27'
            )

        nobody = None, False
        with mock.patch.object(
            versions, 'probe_each', return_value=nobody
        ) as probe:
            census.Census(self.made, interface).look()

        _, _, rounds = probe.call_args.args
        self.assertGreaterEqual(rounds, 2 * 9)

    def test_one_beside_several_of_ours_is_found_at_the_first_look(self):
        for ours, before in itertools.product((1, 2, 3), (0, 1, 2, 3)):
            servers = broker.Broker()
            transports = [
                rpc.Transport(self.conf, connection=servers.connection(name))
                for name in ('tm0', 'tm1', 'tm2', 'old')
            ]
            for number in range(ours):
                host = f'tm{number}'
                self.serve(transports[number], host)
                self.given_registered(LATEST, host)
            self.serve(transports[-1], 'old', '1.0/train')
            transports[0].connection.open = lambda: None
            # Whose turn it is then is another one each time.
            for _ in range(before):
                rpc.probe(transports[0], TASKS)

            census.Census(transports[0], TASKS).look()

            self.assertEqual(['1.0/train'], self.found(), (ours, before))
            services.remove(
                'trove-taskmanager', f'{services.UNREGISTERED} 1.0/train'
            )

    def serve(self, transport, host, version=None):
        made = sample_calls.Recorder(TASKS, lambda came: None)
        transport.server(made, host=host, version=version).start()

    def test_where_all_are_up_to_date_one_thing_is_asked(self):
        # Nobody is silent here, only slow at worst.
        self.config(probe_timeout=30)
        self.given_service(None, 'new')
        self.given_registered(LATEST)

        with mock.patch.object(
            rpc.Transport, 'ask', autospec=True, side_effect=rpc.Transport.ask
        ) as ask:
            self.census().look()

        self.assertEqual(3, ask.call_count)
        self.assertEqual(1, len({each.args[3:5] for each in ask.mock_calls}))
        self.assertEqual([], self.found())

    def test_nobody_is_there(self):
        self.census().begin()
        self.census().look()

        self.assertEqual([], self.found())

    def test_nothing_that_fails_keeps_a_service_from_its_start(self):
        self.given_service('1.0')
        for name in ('report', 'list_'):
            with mock.patch.object(
                services, name, side_effect=RuntimeError('down')
            ):
                self.census().begin()
        with mock.patch.object(
            rpc.Transport, 'ask', side_effect=RuntimeError('no broker')
        ):
            self.census().begin()

        self.assertIn('no broker', self.logs.output)

    def test_a_broker_within_the_process_has_nobody_else(self):
        self.config(transport_url='kombu+memory://')

        with mock.patch.object(rpc.Transport, 'ask') as ask:
            self.census().begin()
            self.census().look()

        ask.assert_not_called()


class TestProven(given.PeersTestCase):
    """All have registered, and then somebody answers that he knows less."""

    def setUp(self):
        self.suspects = []
        super().setUp()

    def connected(self):
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key='T' * 32,
            inst_rpc_key_encr_key='I' * 32,
        )
        known = versions.Versions(self.conf)
        made = self.memory_transport(
            discover=known.discover,
            keep=known.keep,
            keys=control_keys.ControlKeys(self.conf),
            suspects=self.suspects.append,
        )
        known.attach(made)
        return made

    def hear(self, answer=LATEST, complete=True, looks=None):
        """Somebody answers the census."""
        found = TASKS.revision(answer), complete
        with mock.patch.object(versions, 'probe_each', return_value=found):
            (looks or self.census()).look()

    def given_proven(self):
        self.given_registered(LATEST)
        now = [0.0]
        looks = census.Census(self.made, TASKS, lambda: now[0])
        self.hear(looks=looks)
        now[0] += self.conf.service_down_time
        self.hear(looks=looks)

    def test_not_before_one_of_a_release_would_have_answered(self):
        self.given_registered(LATEST)
        now = [0.0]
        looks = census.Census(self.made, TASKS, lambda: now[0])
        for complete in True, True, False, True, True:
            self.hear(complete=complete, looks=looks)
            now[0] += self.conf.service_down_time / 2

        # A question that was not answered had it begin anew.
        self.assertFalse(self.proven())

        self.hear(looks=looks)

        self.assertTrue(self.proven())

    def proven(self):
        return sealing.of_services('taskmanager').proven

    def delete(self):
        """Cast something."""
        task_api.API(self.connected()).delete_instance(self.context, 'i-1')

    def forms(self):
        """In which forms something was sent."""
        sent = []

        def saw(event):
            if event.outcome == 'sent':
                sent.append(event.form)

        with rpc.observe(saw):
            self.delete()
        return sent

    def test_all_that_are_there_and_nobody_else(self):
        self.hear()
        self.assertFalse(self.proven())

        self.given_proven()

        self.assertTrue(self.proven())

    def test_not_while_one_of_a_release_was_seen_lately(self):
        self.given_registered(LATEST)
        self.hear('1.0')
        self.hear()

        self.assertFalse(self.proven())
        self.assertEqual('1.0', self.cap())
        self.assertEqual(['released'], self.forms())

    def test_not_while_nobody_answers(self):
        self.given_registered(LATEST)
        nobody = None, False
        with mock.patch.object(versions, 'probe_each', return_value=nobody):
            self.census().look()

        self.assertFalse(self.proven())

    def test_an_answer_in_the_clear_lowers_nothing_and_is_recorded(self):
        self.given_proven()

        self.hear('1.0')

        self.assertTrue(self.proven())
        self.assertEqual(LATEST, self.cap())
        [found] = self.suspects
        self.assertEqual(
            ('downgrade', 'taskmanager', None, '1.0', False),
            (
                *(found.cause, found.interface, found.peer),
                *(found.version, found.replayable),
            ),
        )
        self.assertIn('trove-rpc sealing allow taskmanager', found.reason)

    def test_a_cast_that_might_be_dropped_is_refused_with_the_remedies(self):
        self.config(service_down_time=45)
        self.given_proven()
        self.hear('1.0')

        error = self.assertRaises(exception.PeerTooOld, self.delete)

        self.assertIn('speaks 1.0, as is said in the clear', str(error))
        self.assertIn('45 seconds ([DEFAULT] service_down_time)', str(error))
        self.assertIn('trove-rpc sealing allow taskmanager', str(error))

    def test_a_refusal_in_the_clear_lowers_nothing(self):
        self.given_proven()
        self.given_service('1.0')

        for _ in range(3):
            error = self.assertRaises(
                exception.PeerTooOld,
                task_api.API(self.connected()).confirmed,
                self.context,
                'delete_instance',
                {'instance_id': 'i-1'},
            )

        self.assertIn('trove-rpc sealing allow taskmanager', str(error))
        self.assertEqual(LATEST, self.cap())
        self.assertEqual({'downgrade'}, {e.cause for e in self.suspects})

    def test_an_operator_permits_it(self):
        self.given_proven()
        sealing.say('taskmanager', 'hold', 'me', 'back to 26.0')
        self.hear('1.0')

        self.assertEqual('1.0', self.cap())
        self.assertEqual(['released'], self.forms())

    def test_guests_are_not_told_what_was_said_in_the_clear(self):
        interface = conductor_api.API.interface
        for proven, mixed in (False, True), (True, False):
            sealing.record_registered('conductor', seals=proven)
            for host, revision in (
                ('new', interface.latest.name),
                (f'{services.UNREGISTERED} 1.0', '1.0'),
            ):
                services.report(
                    'trove-conductor', host, {'conductor': revision}, '27'
                )
            transport = self.connected()

            self.assertEqual(mixed, transport.keys._is_mixed())
            cap = conductor_api.API(transport).cap
            self.assertEqual(
                '1.0' if mixed else interface.latest.name, cap
            )

    def test_a_pin_is_the_word_of_an_operator(self):
        self.given_proven()
        self.config(taskmanager='train', group='upgrade_levels')

        self.assertEqual(['released'], self.forms())

    def test_when_all_are_away_those_who_come_back_know_seals(self):
        self.given_proven()
        services.remove('trove-taskmanager', 'tm-1')

        self.assertEqual(TASKS.first_sealed.name, self.cap())
        self.assertEqual(['sealed'], self.forms())

    def test_when_all_are_away_and_one_of_a_release_answers(self):
        self.given_proven()
        services.remove('trove-taskmanager', 'tm-1')
        old = TASKS.revision('1.0')

        with mock.patch.object(versions, 'probe', return_value=old):
            error = self.assertRaises(exception.Conflict, self.delete)

        self.assertIn('sealing allow taskmanager', str(error))

    def test_what_an_operator_permits_outlasts_the_next_look(self):
        self.given_registered(LATEST)
        now = [0.0]
        looks = census.Census(self.made, TASKS, lambda: now[0])
        self.hear(looks=looks)
        now[0] += self.conf.service_down_time
        self.hear(looks=looks)
        sealing.say('taskmanager', 'allow', 'op', 'a rollback')

        self.hear(looks=looks)
        self.assertTrue(sealing.of_services('taskmanager').allowed)

        now[0] += self.conf.service_down_time
        self.hear(looks=looks)
        self.assertFalse(sealing.of_services('taskmanager').allowed)

    def test_one_of_ours_that_serves_an_older_version_says_so_itself(self):
        self.given_proven()
        self.given_registered('1.0/victoria', 'tm-2')

        self.hear('1.0/victoria')

        self.assertFalse(self.proven())
        self.assertEqual('1.0/victoria', self.cap())

    def test_what_task_managers_take_is_closed_by_an_operator(self):
        held = self.made.keys
        self.given_proven()
        self.assertTrue(
            held.released_allowed('taskmanager', None, taken=True)
        )

        sealing.say('api', 'forbid', 'me', '')

        allowed = held.released_allowed(
            'taskmanager', None, fresh=True, taken=True
        )
        self.assertFalse(allowed)
        sealing.say('api', 'allow', 'me', 'an API is back')
        self.assertTrue(
            held.released_allowed('taskmanager', None, True, taken=True)
        )
