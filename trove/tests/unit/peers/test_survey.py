# SPDX-License-Identifier: Apache-2.0
"""Guests of which nothing is known are asked once, by any process."""

from __future__ import annotations

import datetime
from unittest import mock

import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.guestagent import api as guest_api
from trove.objects.guest import guest_versions
from trove.objects.guest import probes
from trove.peers import survey
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.tests.fixtures import reports
from trove.tests.unit.objects import base

INTERFACE = guest_api.API.interface


class SurveyTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(
            max_instances_per_tenant=-1,
            max_volumes_per_tenant=-1,
            max_ram_per_tenant=-1,
        )
        self.transport = self.memory_transport()

    def given_guest(self, version=None):
        """An instance, and its guest agent if it has a version.

        Where one is silent, nobody is waited for; where all answer, no machine
        is too busy for them to be heard.
        """
        made = self.create().id
        if version is None:
            self.config(probe_timeout=0.3)
        else:
            server = self.transport.server(
                sample_calls.Recorder(INTERFACE, lambda came: None),
                host='guest',
                peer=made,
                version=version,
            )
            server.start()
            self.addCleanup(server.wait)
            self.addCleanup(server.stop)
        return made

    def look(self):
        return survey.Survey(self.transport).look()

    def given_time(self, seconds):
        with session.writer() as db:
            for probe in db.scalars(sa.select(models.GuestProbe)):
                probe.asked_at -= datetime.timedelta(seconds=seconds)

    def client(self):
        """The caps of a process that asks nobody itself."""
        known = versions.Versions(self.conf)
        return self.memory_transport(discover=known.discover)

    def test_what_they_answer_is_known_to_all(self):
        old, new = self.given_guest('1.0/victoria'), self.given_guest('1.3')

        self.assertEqual(2, self.look())

        other = self.client()
        self.assertEqual('1.0/victoria', guest_api.API(other, old).cap)
        self.assertEqual('1.3', guest_api.API(other, new).cap)

    def test_nobody_is_asked_twice(self):
        for version in '1.1', None:
            self.given_guest(version)
        self.assertEqual(2, self.look())
        self.given_time(3600)

        self.assertEqual(0, self.look())

    def test_two_processes_ask_each_guest_once(self):
        ids = sorted(self.given_guest() for _ in range(5))

        one = probes.claim(page=3)
        other = probes.claim()
        self.assertEqual((ids[:3], ids[3:]), (one.ids, other.ids))

        self.assertEqual(ids[2], one.after)
        self.assertEqual(0, self.look())

    def test_a_claim_of_a_process_that_died_is_over_after_a_while(self):
        claimed = self.given_guest('1.1')
        self.assertEqual([claimed], probes.claim().ids)
        self.given_time(probes.CLAIM + 1)

        self.assertEqual(1, self.look())
        self.assertEqual('1.1', guest_versions.guest_version(claimed))

    def test_one_that_was_silent_and_is_heard_is_asked_again(self):
        self.given_guest()
        silent = self.given_guest()
        self.look()
        self.given_time(probes.CLAIM + 1)

        reports.heard(silent, status=None, guest_version=None, sent=1.0)

        self.assertEqual(1, self.look())

    def test_who_announces_itself_is_not_asked(self):
        for text in '1.5 27.0.0', '1.4':
            made = self.given_guest()
            reports.heard(made, status=None, guest_version=text, sent=1.0)

        self.assertEqual(0, self.look())

    def test_who_announces_itself_meanwhile_is_believed(self):
        made = self.given_guest('1.1')
        ask = self.transport.ask_many

        def slowly(interface, peers):
            found = list(ask(interface, peers))
            reports.heard(made, status=None, guest_version='1.5', sent=1.0)
            return found

        self.transport.ask_many = slowly
        self.look()

        self.assertEqual('1.5', guest_versions.guest_version(made))

    def test_one_that_is_going_to_be_another_is_asked_again(self):
        made = self.given_guest()
        self.look()

        guest_versions.record_probe(made, None)

        self.assertEqual(1, self.look())

    def test_one_that_refused_what_it_was_taken_for(self):
        made = self.given_guest('1.3')
        reports.heard(made, status=None, guest_version='1.5', sent=1.0)
        guest_versions.record_refuted(made)

        self.assertEqual(1, self.look())

        found = guest_versions.guest_spoken(made)
        self.assertEqual(('1.3', '1.5'), (found.revision, found.former))

    def test_the_deleted_are_not_asked(self):
        made = self.given_guest()
        self.look()
        with session.writer() as db:
            db.get(models.Instance, made).deleted = True
        self.given_time(3600)

        self.assertEqual(0, self.look())

    def test_it_stops_when_it_is_told_to(self):
        self.given_guest()
        looking = survey.Survey(self.transport)
        looking.stop()

        self.assertEqual(0, looking.look())

        # Others ask.
        self.assertEqual(1, self.look())

    def test_one_that_is_stopped_leaves_the_others_to_the_next(self):
        """Given a rolling upgrade, 500 guests were claimed for a minute."""
        asked = [self.given_guest() for _ in range(3)]
        looking = survey.Survey(self.transport)

        def one_of_them(interface, peers):
            yield next(peers), INTERFACE.revision('1.1')
            looking.stop()
            yield next(peers), None

        self.transport.ask_many = one_of_them
        self.assertEqual(2, looking.look())

        self.assertEqual([max(asked)], probes.claim().ids)

    def test_one_that_fails_leaves_them_to_the_next(self):
        asked = [self.given_guest() for _ in range(3)]

        def none_of_them(interface, peers):
            next(peers)
            raise ConnectionError('the broker is away')
            yield

        looking = survey.Survey(self.transport)
        with mock.patch.object(self.transport, 'ask_many', none_of_them):
            self.assertRaises(ConnectionError, looking.look)

        self.assertEqual(sorted(asked), probes.claim().ids)

    def test_the_log_says_what_to_do(self):
        self.given_guest()

        self.look()

        self.assertIn('1 did not answer', self.logs.output)
        self.assertIn('trove-rpc peers --state', self.logs.output)
