# SPDX-License-Identifier: Apache-2.0
"""What peers speak: the lowest of those that live, silent ones included."""

from __future__ import annotations

import itertools
from unittest import mock

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.objects import instance as instances
from trove.objects import service as services
from trove.peers import versions
from trove.rehearsal import messages
from trove.taskmanager import api as task_api
from trove.tests.fixtures import broker
from trove.tests.fixtures import reports
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

TASKS = task_api.API.interface
LATEST = TASKS.latest.name


class TestLowest(scene.base.TestCase):
    def lowest(self, *texts):
        return versions.lowest(TASKS, texts)

    def test_nobody(self):
        self.assertIsNone(self.lowest())

    def test_by_the_history_and_not_by_the_text(self):
        self.assertEqual(
            '1.0/train', self.lowest('1.0/victoria', '1.0/train', '1.1')
        )
        self.assertEqual('1.0', self.lowest('1.0/train', '1.0'))
        self.assertEqual('1.2', self.lowest('1.10', '1.2'))

    def test_newer_than_anything_that_is_known_here(self):
        self.assertEqual('1.9', self.lowest('1.9'))
        self.assertEqual('1.1', self.lowest('1.9', '1.1'))

    def test_each_major_version_by_itself(self):
        self.assertEqual('1.1,2.0', self.lowest('1.5, 2.0', '1.1,2.3'))
        self.assertEqual('1.1', self.lowest('1.5,2.0', '1.1'))

    def test_nothing_in_common(self):
        text = self.lowest('1.1', '2.0')

        self.assertEqual(rpc.NOTHING, TASKS.announced(text))

    def test_nonsense_is_like_the_oldest(self):
        self.assertEqual('1.0', self.lowest('1.1', 'newest'))
        self.assertIn('Upgrade or restart it', self.logs.output)


class PeersTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(probe_timeout=0.5)
        self.made = self.connected()

    def connected(self):
        known = versions.Versions(self.conf)
        made = self.memory_transport(
            discover=known.discover, keep=known.keep
        )
        known.attach(made)
        return made

    def given_service(self, version, host='old'):
        """A task manager of a release: it says nothing of itself."""
        server = self.made.server(self.manager, host=host, version=version)
        server.start()
        self.servers.append(server)
        return server

    def given_registered(self, version, host='tm-1', **kwargs):
        services.report(
            'trove-taskmanager', host, {'taskmanager': version}, '27', **kwargs
        )

    def cap(self):
        return task_api.API(self.connected()).cap

    def census(self):
        return versions.Census(self.made, TASKS)

    def found(self):
        return [
            each.rpc_versions['taskmanager']
            for each in services.live(self.conf, 'trove-taskmanager')
            if each.host.startswith(services.UNREGISTERED)
        ]


class TestServices(PeersTestCase):
    def test_the_lowest_of_those_that_live(self):
        self.given_registered(LATEST, 'one')
        self.given_registered('1.0/victoria', 'two')

        self.assertEqual('1.0/victoria', self.cap())

    def test_the_dead_do_not_count(self):
        self.given_registered(LATEST, 'one')
        self.given_registered('1.0', 'two')

        with mock.patch.object(
            services, 'live_versions', return_value=[LATEST]
        ):
            self.assertEqual(LATEST, self.cap())

    def test_a_pin_and_the_lowest_combine_to_the_lower(self):
        self.given_registered(LATEST)
        self.config(taskmanager='ussuri', group='upgrade_levels')

        self.assertEqual('1.0/train', self.cap())

    def test_nobody_has_registered_but_somebody_answers(self):
        self.given_service('1.0/train')

        self.assertEqual('1.0/train', self.cap())

    def test_nobody_at_all(self):
        self.assertEqual('1.0', self.cap())

    def test_conductors_have_a_registry_of_their_own(self):
        self.given_registered(LATEST)
        services.report('trove-conductor', 'c', {'conductor': '1.0'}, None)

        self.assertEqual('1.0', conductor_api.API(self.connected()).cap)
        self.assertEqual(LATEST, self.cap())


class TestGuests(PeersTestCase):
    def guest(self, instance_id):
        return guest_api.API(self.connected(), instance_id)

    def test_one_that_announces_itself_is_not_asked(self):
        instance_id = self.given_request()
        reports.heard(
            instance_id, status=None, guest_version='1.3 27.0.0', sent=1.0
        )

        with mock.patch.object(rpc.Transport, 'ask') as ask:
            self.assertEqual('1.3', self.guest(instance_id).cap)

        ask.assert_not_called()

    def test_a_silent_one_is_asked_once_for_all(self):
        instance_id = self.given_request()
        self.given_guest(instance_id, '1.1')

        self.assertEqual('1.1', self.guest(instance_id).cap)
        with mock.patch.object(rpc.Transport, 'ask') as ask:
            self.assertEqual('1.1', self.guest(instance_id).cap)

        ask.assert_not_called()
        self.assertEqual('1.1', instances.guest_version(instance_id))

    def test_what_proved_wrong_is_found_out_anew(self):
        instance_id = self.given_request()
        self.given_guest(instance_id, '1.0')
        instances.record_probe(instance_id, '1.1')
        guest = self.guest(instance_id)
        self.assertEqual('1.1', guest.cap)

        self.made.caps.refuted(guest.interface, instance_id)

        self.assertNotEqual('1.1', instances.guest_version(instance_id))
        self.assertEqual('1.0', self.guest(instance_id).cap)


class TestCensus(PeersTestCase):
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

        with mock.patch.object(versions, 'probe', return_value=None) as probe:
            versions.Census(self.made, interface).look()

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

            versions.Census(transports[0], TASKS).look()

            self.assertEqual(['1.0/train'], self.found(), (ours, before))
            services.remove(
                'trove-taskmanager', f'{services.UNREGISTERED} 1.0/train'
            )

    def serve(self, transport, host, version=None):
        made = messages.Recorder(TASKS, lambda came: None)
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


class TestThorough(scene.base.TestCase):
    def probe(self, *answers):
        """Probe a topic whose servers answer in turn."""
        turns = iter(range(1000))

        class Turns:
            conf = self.conf

            def ask(self, topic, server, version, method, arguments, *_, **k):
                release = answers[next(turns) % len(answers)]
                return release(version, method, arguments)

        return versions.probe(Turns(), TASKS, rounds=len(answers) + 2)

    def test_mixed_servers_give_the_oldest(self):
        for names, expected in (
            (['1.1', '1.0/victoria'], '1.0/victoria'),
            (['1.1', '1.0/train'], '1.0/train'),
            (['1.0/train', '1.1'], '1.0/train'),
            (['1.1', '1.0/victoria', '1.0'], '1.0'),
            (['1.1', '1.1'], '1.1'),
        ):
            servers = [_server(name) for name in names]
            self.assertEqual(expected, self.probe(*servers).name, names)

    def test_silence(self):
        self.assertIsNone(self.probe(lambda *_: None))


def _server(name):
    """Answers like a server of a revision."""
    revision = TASKS.revision(name)
    known = TASKS.as_of(revision)

    def answer(version, method, arguments):
        text = ''
        if rpc.Version.parse(version) > revision.version:
            kind = 'UnsupportedVersion'
        elif method not in known:
            kind = 'NoSuchMethod'
        else:
            kind = 'TypeError'
            declared = known[method].arguments
            unknown = [name for name in arguments if name not in declared]
            text = (
                f"got an unexpected keyword argument '{unknown[0]}'"
                if unknown
                else 'missing required argument'
            )
        return mock.Mock(type=kind, text=text)

    return answer
