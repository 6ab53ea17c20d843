# SPDX-License-Identifier: Apache-2.0
"""Revisions that share a version: what is sent to whom, and at which."""

from __future__ import annotations

from trove.common import exception
from trove.common import rpc
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class SharedVersionTest(base.MessageTestCase):
    def peer(self, revision):
        self.announced = revision
        return self.serve(version=revision)

    def test_the_ambiguous_version_carries_what_only_this_peer_knows(self):
        api = self.peer('1.0/hasty')

        reply = api.paint(self.context, 'door', gently=True)

        self.assertTrue(reply['gently'])
        self.assertEqual('smooth', api.scrape(self.context))
        self.assertEqual([('paint', '1.0'), ('scrape', '1.0')], self.sent())

    def test_a_later_peer_gets_the_first_version_that_guarantees_it(self):
        api = self.peer('1.1')

        api.paint(self.context, 'door', gently=True)
        api.scrape(self.context)

        self.assertEqual([('paint', '1.1'), ('scrape', '1.1')], self.sent())

    def test_the_first_revision_of_the_version_is_refused_it(self):
        api = self.peer('1.0')

        for wrong in (
            lambda: api.paint(self.context, 'door', gently=True),
            lambda: api.scrape(self.context),
        ):
            error = self.assertRaises(exception.PeerTooOld, wrong)
            self.assertEqual('1.0/hasty', error.needs)
        self.assertEqual([], self.manager.received)

    def test_what_some_revisions_require_is_sent_to_those_only(self):
        sent = {}
        for revision in ('1.0', '1.0/hasty', '1.1', '1.2', '1.10'):
            with self.given(revision) as api:
                api.measure(self.context)
                sent[revision] = self.sent()[-1][1]

        # 1.2 is the first that guarantees to do without a size.
        self.assertEqual(
            {
                '1.0': '1.0',
                '1.0/hasty': '1.0',
                '1.1': '1.1',
                '1.2': '1.2',
                '1.10': '1.2',
            },
            sent,
        )

    def given(self, revision):
        class Given:
            def __enter__(inner):
                self.announced = revision
                self.transport.refresh()
                peer = f'{self.id()}.{revision}'
                inner.server = self.transport.server(
                    self.manager, host='here', peer=peer, version=revision
                )
                inner.server.start()
                return sample.API(self.transport, peer)

            def __exit__(inner, *exc_info):
                inner.server.stop()
                inner.server.wait()

        return Given()

    def test_what_came_back_needs_the_revision_that_has_it_again(self):
        api = self.peer('1.2')
        error = self.assertRaises(
            exception.PeerTooOld, api.varnish, self.context
        )
        self.assertEqual('1.10', error.needs)

        self.announced = '1.10'
        self.transport.refresh()
        self.assertTrue(api.can_send('varnish'))

    def test_a_pin_does_not_hold_back_what_the_peer_requires(self):
        api = self.peer('1.1')
        self.config(guestagent='first', group='upgrade_levels')

        self.assertEqual({'size': None}, api.measure(self.context))

    def test_a_pin_on_the_version_means_its_first_revision(self):
        api = self.peer('1.1')
        self.config(guestagent='1.0', group='upgrade_levels')

        self.assertEqual('1.0', api.cap)
        self.assertFalse(api.can_send('scrape'))
        self.assertTrue(api.can_send_version('1.0'))
        self.assertFalse(api.can_send_version('1.0/hasty'))


class SilentPeerTest(base.MessageTestCase):
    """Nothing is announced: the peer is asked itself, once."""

    def setUp(self):
        super().setUp()
        self.kept = []
        self.stored = None
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.stored},
            keep={'guestagent': self.keep},
        )

    def keep(self, peer, revision):
        self.kept.append(revision)
        self.stored = revision

    def probes(self):
        return [e.version for e in self.events if e.outcome == 'probed']

    def test_every_revision_is_found_and_kept(self):
        for revision in sample.INTERFACE.history:
            self.stored = None
            peer = f'{self.id()}.{revision}'
            server = self.transport.server(
                self.manager, host='x', peer=peer, version=revision.name
            )
            server.start()
            self.addCleanup(server.stop)
            api = sample.API(self.transport, peer)

            self.assertEqual(revision.name, api.cap)
            self.assertEqual(revision.name, self.kept[-1])
        self.assertEqual([], self.manager.received)
        self.assertEqual(
            [r.name for r in sample.INTERFACE.history], self.probes()
        )

    def test_it_is_asked_once_while_what_was_found_holds(self):
        api = self.serve(version='1.1')

        for _ in range(3):
            self.transport.refresh()
            self.assertEqual('1.1', api.cap)

        self.assertEqual(['1.1'], self.kept)

    def test_a_refusal_has_it_asked_again(self):
        self.stored = '1.10'
        api = self.serve(version='1.0/hasty')

        error = self.assertRaises(
            exception.PeerTooOld, api.polish, self.context
        )

        self.assertEqual('1.0/hasty', error.speaks)
        self.assertEqual([None, '1.0/hasty'], self.kept)
        self.assertEqual('smooth', api.scrape(self.context))

    def test_who_does_not_answer_counts_as_of_the_floor(self):
        self.config(probe_timeout=1)

        self.assertEqual('1.0', sample.API(self.transport, 'nobody').cap)
        # All processes are told that it was asked.
        [kept] = self.kept
        self.assertIsInstance(kept, rpc.Unanswered)


class SpanTest(base.MessageTestCase):
    def test_a_mentioned_revision_that_is_not_there_is_refused(self):
        for span in (
            rpc.Span('1.0', until='1.3'),
            rpc.Span('1.0', again='9.9'),
            rpc.Span('1.0', required=('1.0', 'x')),
        ):

            def declare(span=span):
                class API(rpc.Client, interface=sample.INTERFACE):
                    @rpc.call('1.0', spans={'late': span})
                    def method(self, context, late=None):
                        """Something."""

            self.assertRaises(TypeError, declare)
