# SPDX-License-Identifier: Apache-2.0
"""What peers speak: the lowest of those that live, silent ones included."""

from __future__ import annotations

from unittest import mock

from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.guestagent import api as guest_api
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.peers import versions
from trove.taskmanager import api as task_api
from trove.tests.fixtures import reports
from trove.tests.unit.peers import given
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


class TestServices(given.PeersTestCase):
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


class TestGuests(given.PeersTestCase):
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
        self.assertEqual('1.1', guest_versions.guest_version(instance_id))

    def test_what_proved_wrong_is_found_out_anew(self):
        instance_id = self.given_request()
        self.given_guest(instance_id, '1.0')
        guest_versions.record_probe(instance_id, '1.1')
        guest = self.guest(instance_id)
        self.assertEqual('1.1', guest.cap)

        self.made.caps.refuted(guest.interface, instance_id)

        self.assertNotEqual('1.1', guest_versions.guest_version(instance_id))
        self.assertEqual('1.0', self.guest(instance_id).cap)


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
