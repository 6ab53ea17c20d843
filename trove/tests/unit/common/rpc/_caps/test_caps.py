# SPDX-License-Identifier: Apache-2.0
from testtools import matchers

from trove.common import exception
from trove.common import rpc
from trove.common.rpc._caps import caps as rpc_caps
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.unit.common.rpc import base
from trove.tests.unit.common.rpc import sample


class CapTest(base.MessageTestCase):
    def test_a_method_that_the_peer_lacks_is_refused_unsent(self):
        self.announced = '1.1'
        api = self.serve(version='1.1')

        error = self.assertRaises(
            exception.PeerTooOld, api.polish, self.context
        )

        self.assertThat(
            str(error),
            matchers.MatchesAll(
                matchers.Contains('polish needs version 1.2'),
                matchers.Contains(f'sample server {self.id()} speaks 1.1'),
                matchers.Contains('Upgrade the sample server.'),
            ),
        )
        self.assertEqual(409, error.code)
        self.assertEqual([], self.manager.received)
        self.assertEqual(['refused'], [e.outcome for e in self.events])

    def test_an_argument_that_matters_is_refused_unsent(self):
        self.announced = '1.0'
        api = self.serve(version='1.0')

        error = self.assertRaises(
            exception.PeerTooOld,
            api.paint,
            self.context,
            'door',
            colour='red',
        )

        self.assertIn('paint with colour needs version 1.1', str(error))
        self.assertEqual([], self.manager.received)

    def test_an_argument_that_may_be_omitted_is_left_out_and_counted(self):
        self.announced = '1.1'
        api = self.serve(version='1.1')

        reply = api.paint(self.context, 'door', colour='red', reason='ugly')

        self.assertEqual('red', reply['colour'])
        self.assertIsNone(reply['reason'])
        self.assertEqual(
            [('left out', ('reason',)), ('sent', ())],
            [
                (e.outcome, e.arguments)
                for e in self.events
                if e.outcome != 'received'
            ],
        )
        self.assertIn('Omitted reason from guestagent paint', self.logs.output)
        self.assertIn(
            ('guestagent', 'paint', '1.1', 'left out'), rpc.counts()
        )

    def test_nothing_known_means_the_floor(self):
        self.announced = None
        self.assertEqual('1.0', self.serve().cap)

    def test_a_refusal_of_whom_nothing_is_known_says_so(self):
        self.announced = None
        api = self.serve()

        error = self.assertRaises(
            exception.PeerTooOld, api.polish, self.context
        )

        self.assertEqual('1.0 as far as known', error.speaks)
        self.assertIn('Check that it is running', error.remedy)
        self.assertNotIn('Upgrade the sample server', str(error))

    def test_what_was_known_counts_while_the_database_is_away(self):
        def broken():
            raise exception.ServiceUnavailable(what='The database')

        now = [0.0]
        answers = iter(['1.1'])
        caps = rpc_caps.Caps(
            self.conf,
            {'guestagent': lambda peer: next(answers, None) or broken()},
            {},
            lambda interface, peer: None,
            clock=lambda: now[0],
        )
        for now[0] in (0.0, 100.0):
            cap = caps.get(sample.API.interface, 'x')
            self.assertEqual(('1.1', True), (str(cap), cap.known))

    def test_a_peer_newer_than_us_gets_our_latest(self):
        self.announced = '1.11'
        self.assertEqual('1.10', self.serve().cap)

    def test_a_peer_of_other_majors_only_is_sent_nothing(self):
        self.announced = '2.0'
        api = self.serve()

        error = self.assertRaises(
            exception.PeerTooOld, api.drop, self.context, 'cup'
        )

        self.assertIn('speaks other major versions only', str(error))
        self.assertEqual([], self.sent())

    def test_of_several_majors_ours_counts(self):
        self.announced = '1.2,2.7'
        self.assertEqual('1.2', self.serve().cap)

    def test_an_unknown_label_means_what_is_sure_of_its_version(self):
        for announced, cap in (('1.0/other', '1.0'), ('1.5', '1.2')):
            self.announced = announced
            self.transport.refresh()
            self.assertEqual(cap, self.serve().cap)

    def test_an_announcement_that_is_no_version_means_the_floor(self):
        self.announced = 'many'
        self.assertEqual('1.0', self.serve().cap)
        self.assertIn('"many" is not a version', self.logs.output)

    def test_a_look_up_that_fails_means_the_floor(self):
        def broken(peer):
            raise RuntimeError('no database')

        transport = self.memory_transport(discover={'guestagent': broken})

        self.assertEqual('1.0', sample.API(transport, 'x').cap)
        self.assertIn('Check the database', self.logs.output)

    def test_a_look_up_that_fails_is_made_again_and_changes_nothing(self):
        answers = ['1.2', RuntimeError('no database'), '1.1']

        def discover(peer):
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        now = [0.0]
        caps = rpc_caps.Caps(
            self.conf,
            {'guestagent': discover},
            {},
            lambda interface, peer: None,
            clock=lambda: now[0],
        )
        read = []
        # Not at once: that would be once for each message.
        for now[0] in (0.0, 61.0, 61.5, 62.5):
            read.append(str(caps.get(sample.API.interface, 'x')))

        self.assertEqual(['1.2', '1.2', '1.2', '1.1'], read)

    def test_pin_and_announcement_combine_to_the_lower(self):
        api = self.serve()
        self.config(guestagent='1.2', group='upgrade_levels')
        self.assertEqual('1.2', api.cap)

        self.announced = '1.1'
        self.transport.refresh()
        self.assertEqual('1.1', api.cap)

    def test_a_wrong_pin_that_comes_later_leaves_the_one_before(self):
        api = self.serve()
        self.config(guestagent='1.2', group='upgrade_levels')
        self.assertEqual('1.2', api.cap)

        self.config(guestagent='nonsense', group='upgrade_levels')
        self.transport.refresh()

        self.assertEqual('1.2', api.cap)
        self.assertIn('"nonsense"', self.logs.output)
        self.assertIn('remains in effect', self.logs.output)

    def test_a_refusal_by_pin_says_how_to_unpin(self):
        api = self.serve()
        self.config(guestagent='first', group='upgrade_levels')

        error = self.assertRaises(
            exception.PeerTooOld, api.polish, self.context
        )

        self.assertIn('set [upgrade_levels] guestagent to auto', str(error))

    def test_can_send_version(self):
        self.announced = '1.2'
        api = self.serve()

        self.assertTrue(api.can_send_version('1.0'))
        self.assertTrue(api.can_send_version('1.2'))
        self.assertFalse(api.can_send_version('1.10'))
        self.assertFalse(api.can_send_version('0.9'))
        self.assertFalse(api.can_send_version('2.0'))
        self.assertRaises(ValueError, api.can_send_version, 'train')

    def test_can_send(self):
        self.announced = '1.1'
        api = self.serve()

        self.assertTrue(api.can_send('paint', colour='red'))
        self.assertFalse(api.can_send('paint', reason='ugly'))
        self.assertFalse(api.can_send('polish'))

    def test_each_peer_has_its_own_cap(self):
        transport = self.memory_transport(
            discover={'guestagent': {'old': '1.0', 'new': '1.10'}.get}
        )

        self.assertFalse(sample.API(transport, 'old').can_send('polish'))
        self.assertTrue(sample.API(transport, 'new').can_send('polish'))

    def test_a_cap_is_looked_up_once_until_it_is_refreshed(self):
        asked = []
        transport = self.memory_transport(
            discover={'guestagent': lambda peer: asked.append(peer) or '1.1'}
        )
        api = sample.API(transport, 'x')

        for _ in range(5):
            api.can_send('polish')
        self.assertEqual(['x'], asked)

        transport.refresh('guestagent')
        api.can_send('polish')
        self.assertEqual(['x', 'x'], asked)


class OnlySealedTest(base.MessageTestCase):
    """rpc_seal_minimum = authenticated, and peers of all ages."""

    def setUp(self):
        super().setUp()
        self.config(rpc_seal_minimum='authenticated')
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.announced},
            keys=keys_fixture.Keys(None, 'k' * 32),
        )
        self.api = self.serve()

    def forms(self):
        return [e.form for e in self.events if e.outcome == 'sent']

    def test_who_does_not_understand_it_is_sent_nothing(self):
        self.announced = '1.2'

        for send in self.api.scrape, lambda c: self.api.drop(c, 'cup'):
            error = self.assertRaises(
                exception.PeerTooOld, send, self.context
            )

            self.assertEqual(('1.10', '1.2'), (error.needs, error.speaks))
            self.assertIn('rpc_seal_minimum', error.remedy)
        self.assertFalse(self.api.can_send('drop'))
        self.assertEqual([], self.forms())

    def test_who_understands_it_is_whatever_the_pin(self):
        self.config(guestagent='1.2', group='upgrade_levels')

        self.assertEqual('smooth', self.api.scrape(self.context))

        self.assertEqual(['sealed'], self.forms())

    def test_of_whom_nothing_is_known_the_best_is_believed(self):
        # A guest's first messages to the conductors, for instance.
        self.announced = None

        reply = self.api.paint(self.context, 'door')

        self.assertEqual('door', reply['what'])
        self.assertEqual(['sealed'], self.forms())

    def test_where_nothing_is_encrypted_it_says_nothing(self):
        self.announced = '1.2'
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: self.announced}
        )
        api = sample.API(self.transport, 'nobody')

        self.assertTrue(api.can_send('drop'))


class RolledBackPeerTest(base.MessageTestCase):
    """The peer is older than what it announced last."""

    def test_a_call_is_said_again_in_the_words_of_the_floor(self):
        api = self.serve(version='1.1')

        reply = api.paint(self.context, 'door', reason='ugly')

        self.assertEqual('door', reply['what'])
        self.assertEqual([('paint', '1.0')], self.sent())
        self.assertEqual('1.0', api.cap)

    def test_what_the_floor_cannot_say_is_refused(self):
        api = self.serve(version='1.1')

        error = self.assertRaises(
            exception.PeerTooOld, api.polish, self.context
        )

        self.assertIn('Upgrade the sample server', str(error))
        self.assertEqual([], self.manager.received)

    def test_its_announcement_raises_the_cap_again(self):
        api = self.serve(version='1.1')
        api.paint(self.context, 'door', reason='ugly')

        self.announced = '1.1'
        self.transport.refresh()

        self.assertEqual('1.1', api.cap)
