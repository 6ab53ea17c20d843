# SPDX-License-Identifier: Apache-2.0
"""Guest agents that announce nothing, upgraded or rolled back in place."""

from __future__ import annotations

import datetime
import itertools

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.db import models
from trove.db import session
from trove.guestagent import api as guest_api
from trove.objects.guest import guest_versions
from trove.peers import versions
from trove.rehearsal import roles
from trove.rehearsal import sample_calls
from trove.rehearsal import world as worlds
from trove.tests import base
from trove.tests.fixtures import broker
from trove.tests.fixtures import reports
from trove.tests.unit.taskmanager import scene


class TestChangedInPlace(scene.TestCase):
    """A released agent is upgraded, or rolled back, and tells nobody."""

    def setUp(self):
        super().setUp()
        self.instance_id = self.given_request()
        self.broker = broker.Broker()
        self.received = []
        self.questions = []
        self.server = None

    def sender(self):
        """The client of another process."""
        known = versions.Versions(self.conf)
        transport = rpc.Transport(
            self.conf,
            known.discover,
            keep=known.keep,
            connection=self.broker.connection('api'),
        )
        ask = transport.ask

        def watched(topic, server, version, method, *args, **kwargs):
            self.questions.append((version, method))
            return ask(topic, server, version, method, *args, **kwargs)

        transport.ask = watched
        return guest_api.API(transport, self.instance_id)

    def given_agent(self, version):
        if self.server is not None:
            self.server.stop()
        transport = rpc.Transport(
            self.conf, connection=self.broker.connection('guest')
        )
        self.server = transport.server(
            sample_calls.Recorder(
                guest_api.API.interface,
                lambda came: self.received.append(came[0]),
            ),
            host='guest',
            peer=self.instance_id,
            version=version,
        )
        self.server.start()

    def given_known(self, version):
        """One that was asked once, long ago, by a process that is gone."""
        self.given_agent(version)
        self.assertEqual(version, self.sender().cap)
        self.given_time(11)
        self.questions.clear()

    def given_time(self, seconds):
        """So much has passed since it was asked."""
        with session.writer() as db:
            for probe in db.scalars(sa.select(models.GuestProbe)):
                probe.asked_at -= datetime.timedelta(seconds=seconds)

    def kept(self):
        return guest_versions.guest_version(self.instance_id)

    def test_an_upgraded_one_is_asked_before_a_refusal(self):
        self.given_known('1.0')
        self.given_agent('1.2')

        sender = self.sender()
        sender.pre_create_backup(self.context)

        self.assertEqual(['pre_create_backup'], self.received)
        self.assertEqual(('1.2', '1.2'), (sender.cap, self.kept()))

    def test_an_upgraded_one_can_do_more_before_it_is_told_so(self):
        self.given_known('1.0')
        self.given_agent('1.1')

        self.assertTrue(self.sender().can_send('resize_fs', online=True))

    def test_one_that_was_not_upgraded_is_asked_once(self):
        self.given_known('1.1')
        sender = self.sender()

        for _ in range(3):
            error = self.assertRaises(
                exception.PeerTooOld, sender.pre_create_backup, self.context
            )
            self.assertIn('speaks 1.1', str(error))

        self.assertEqual(1, self.questions.count(('1.5', 'trove_rpc_probe')))
        self.assertEqual([], self.received)

    def test_one_that_was_rolled_back_is_asked_before_a_cast(self):
        self.given_known('1.1')
        self.given_agent('1.0')

        # To a cast nobody would answer.
        error = self.assertRaises(
            exception.PeerTooOld, self.sender().rebuild, self.context, '5.7'
        )

        self.assertIn('speaks 1.0.', str(error))
        self.assertEqual([], self.received)
        self.assertEqual('1.0', self.kept())

    def test_that_it_was_taken_for_more_stays_to_be_seen(self):
        self.given_known('1.5')
        self.given_agent('1.3')

        self.sender().rebuild(self.context, '5.7')

        found = guest_versions.guest_spoken(self.instance_id)
        self.assertEqual(('1.3', '1.5'), (found.revision, found.former))

    def test_one_that_is_away_is_sent_what_it_knew(self):
        self.given_known('1.1')
        self.server.stop()

        sender = self.sender()
        for _ in range(2):
            sender.rebuild(self.context, '5.7')

        self.assertEqual(1, len(self.questions))
        self.given_agent('1.1')
        self.assertEqual(['rebuild', 'rebuild'], self.received)

    def test_what_one_process_has_asked_the_others_know(self):
        self.given_known('1.1')
        self.sender().rebuild(self.context, '5.7')
        self.assertNotEqual([], self.questions)
        self.questions.clear()

        for _ in range(3):
            self.sender().rebuild(self.context, '5.7')

        self.assertEqual([], self.questions)

    def test_that_it_does_not_answer_the_others_know(self):
        # Given one that nobody has ever heard of, and its queue
        self.given_agent('1.1')
        self.server.stop()
        self.assertFalse(self.sender().known)
        self.assertEqual(1, len(self.questions))

        for _ in range(3):
            error = self.assertRaises(
                exception.PeerTooOld, self.sender().rebuild, self.context, '1'
            )
            self.assertIn('did not answer', str(error))

        self.assertEqual(1, len(self.questions))

    def test_after_a_while_it_is_asked_again(self):
        self.given_agent('1.1')
        self.server.stop()
        self.assertFalse(self.sender().known)
        self.given_agent('1.1')
        self.given_time(29)
        self.assertFalse(self.sender().known)

        self.given_time(2)

        self.assertEqual('1.1', self.sender().cap)

    def test_once_it_is_heard_it_is_asked_again(self):
        self.given_agent('1.1')
        self.server.stop()
        self.assertFalse(self.sender().known)
        self.given_time(11)
        self.given_agent('1.1')

        # When a heartbeat comes, which announces nothing
        reports.heard(
            self.instance_id, status=None, guest_version=None, sent=1.0
        )

        self.assertEqual('1.1', self.sender().cap)

    def test_one_that_announces_itself_is_never_asked(self):
        self.given_agent('1.4')
        reports.heard(
            self.instance_id, status=None, guest_version='1.4', sent=1.0
        )

        sender = self.sender()
        sender.rebuild(self.context, '5.7')
        self.assertRaises(
            exception.PeerTooOld, sender.node_cleanup, self.context
        )

        self.assertEqual([], self.questions)

    def test_one_that_announced_itself_and_is_silent_now(self):
        # Given an agent of ours, a release in its place, and no conductor
        reports.heard(
            self.instance_id, status=None, guest_version='1.5', sent=1.0
        )
        self.given_agent('1.0')
        self.config(agent_heartbeat_expiry=60)
        with session.writer() as db:
            db.execute(
                sa.update(models.AgentHeartbeat).values(
                    updated_at=timeutils.utcnow()
                    - datetime.timedelta(seconds=61)
                )
            )

        error = self.assertRaises(
            exception.PeerTooOld, self.sender().rebuild, self.context, '5.7'
        )

        self.assertIn('speaks 1.0.', str(error))
        self.assertEqual([], self.received)
        found = guest_versions.guest_spoken(self.instance_id)
        self.assertEqual(('1.0', '1.5'), (found.revision, found.former))

    def test_a_call_that_an_upgraded_one_no_longer_knows(self):
        self.given_known('1.0')
        self.given_agent('1.2')

        sender = self.sender()
        error = self.assertRaises(
            exception.PeerTooOld,
            sender.stop_db,
            self.context,
            do_not_start_on_reboot=True,
        )

        self.assertIn('speaks 1.2', str(error))
        self.assertEqual('1.2', self.kept())


class TestCastsToWhatItBecame(base.TestCase):
    """What such a guest does not know it drops, so it must not get it."""

    released = (
        *('pike', 'stein', 'train', 'victoria', 'wallaby'),
        *('2025.1', '2026.2'),
    )

    def part(self, kind, release):
        return roles.part(kind, roles.of_release(release), None)

    def casts(self):
        methods = guest_api.API.interface.methods.values()
        # First what not all of them know.
        for method in sorted(methods, key=lambda m: m.name != 'rebuild'):
            if method.kind == 'cast':
                for values in sample_calls.orders(method):
                    yield method.name, values

    def test_from_every_release_to_every_other(self):
        for old, new in itertools.permutations(self.released, 2):
            world = worlds.World(broker.Broker())
            api = world.add('api1', self.part('api', 'latest'))
            sender = api.client('guestagent', 'guest1')
            world.add('guest1', self.part('guest', old))
            self.assertTrue(sender.can_send('create_user'), 'it is asked')

            world.change('guest1', self.part('guest', new))
            sent = []
            for number, (name, values) in enumerate(self.casts()):
                context = trove_context.TroveContext(
                    request_id=f'req-{number}', overwrite=False
                )
                try:
                    getattr(sender, name)(context, **values)
                except (exception.PeerTooOld, exception.PeerTooNew):
                    continue
                sent.append(context.request_id)

            self.assertEqual({}, world.dropped, (old, new))
            self.assertEqual(sent, list(world.arrived), (old, new))
