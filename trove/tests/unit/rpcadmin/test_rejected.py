# SPDX-License-Identifier: Apache-2.0
"""trove-rpc rejected."""

from __future__ import annotations

import fixtures

from trove.common import exception
from trove.common import rpc
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.tests.unit.rpcadmin import base

INSTANCE = '11111111-1111-1111-1111-111111111111'


class RejectedTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key='k' * 32)
        self.replayed = []
        self.failing = set()
        self.method = 'rebuild'
        self.useFixture(fixtures.MockPatch('trove.peers.replay', self.replay))

    def replay(self, conf, transport, name):
        if name in self.failing:
            raise exception.PeerTooOld(
                peer='task managers',
                what=self.method,
                needs='1.1',
                speaks='1.0',
                remedy='Upgrade them.',
            )
        journal.mark(name, 'replayed')
        self.replayed.append(name)

    def reject(self, replayable=True, **values):
        found = rpc.Rejection(
            **{
                'interface': 'taskmanager',
                'peer': None,
                'sender': None,
                'method': 'rebuild',
                'version': '1.1',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'Upgrade it.',
                'arguments': {
                    'instance_id': INSTANCE,
                    'root_password': 'pass-word',
                },
                'request_id': 'req-1',
                **values,
            }
        )
        return recording.record(
            self.conf,
            found.to_dict(),
            found.masked(),
            host='tm1',
            instance_id=found.instance_id,
            replayable=replayable,
        ).id

    def state(self, name):
        return journal.get(name).state


class ListTest(RejectedTestCase):
    def test_nothing_was_rejected(self):
        self.assertEqual([], self.json('rejected', 'list'))
        self.assertEqual('', self.error)

        self.assertEqual(0, self.run_rpc('rejected', 'list'))
        self.assertIn('there is no such message', self.error)

    def test_what_waits(self):
        name = self.reject()

        (row,) = self.json('rejected', 'list')

        self.assertEqual(name, row['ID'])
        self.assertEqual('taskmanager', row['Interface'])
        self.assertEqual('rebuild', row['Method'])
        self.assertEqual('1.1', row['Version'])
        self.assertEqual('version', row['Cause'])
        self.assertEqual(INSTANCE, row['Instance'])
        self.assertEqual('waiting', row['State'])
        self.assertNotIn('Reason', row)

    def test_why(self):
        self.reject()

        (row,) = self.json('rejected', 'list', '--long')

        self.assertEqual('Upgrade it.', row['Reason'])
        self.assertEqual('req-1', row['Request ID'])
        self.assertEqual('tm1', row['Received By'])

    def test_filters(self):
        first = self.reject()
        second = self.reject(interface='guestagent', peer=INSTANCE[::-1])
        done = self.reject()
        journal.mark(done, 'discarded')

        def listed(*arguments):
            rows = self.json('rejected', 'list', *arguments)
            return {row['ID'] for row in rows}

        self.assertEqual({first, second}, listed())
        self.assertEqual({first}, listed('--interface', 'taskmanager'))
        self.assertEqual({first}, listed('--instance', INSTANCE))
        self.assertEqual({done}, listed('--state', 'discarded'))
        self.assertEqual({first, second, done}, listed('--all'))
        self.assertEqual(1, len(listed('--all', '--limit', '1')))

    def test_many_come_page_by_page(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.rpcadmin.rejected._PAGE', 2)
        )
        names = {self.reject() for _ in range(5)}

        rows = self.json('rejected', 'list')

        self.assertEqual(names, {row['ID'] for row in rows})
        self.assertEqual(5, len(rows))

    def test_words_of_strangers_do_nothing_to_a_terminal(self):
        name = self.reject(
            method='\x1b[2J',
            sender='\x1b[31m',
            request_id='req\x1b]0;owned\x07',
            project_id='\x9b31m',
            user_id='a\nforged line',
            reason='it has\x1b[2J that',
            arguments={'instance_id': '\x1b[2Jhello', '\x1b': '\x1b'},
        )

        for command in ('list', '--long'), ('show', name):
            for kind in ('table', 'value', 'csv', 'yaml', 'json'):
                if command[0] == 'show' and kind == 'csv':
                    continue
                status = self.run_rpc('rejected', *command, '-f', kind)

                self.assertEqual(0, status, self.error)
                for forbidden in '\x1b', '\x07', '\x9b', '\nforged':
                    self.assertNotIn(forbidden, self.out, (command, kind))
        # It was written down like that, too.
        found = self.json('rejected', 'show', name)
        self.assertEqual(r'\x1b[2J', found['method'])

    def test_nor_do_they_in_a_complaint(self):
        self.method = '\x1b[2J\r'
        name = self.reject(method=self.method)
        self.failing.add(name)

        self.assertEqual(1, self.run_rpc('rejected', 'replay', name))

        self.assertIn('x1b[2J', self.error)
        self.assertNotIn('\x1b', self.error)
        self.assertNotIn('\r', self.error)


class ShowTest(RejectedTestCase):
    def test_all_there_is_but_secrets(self):
        name = self.reject()

        found = self.json('rejected', 'show', name)

        self.assertEqual('Upgrade it.', found['reason'])
        self.assertEqual(INSTANCE, found['arguments']['instance_id'])
        self.assertEqual('req-1', found['request_id'])
        self.assertNotIn('pass-word', self.out)
        self.run_rpc('rejected', 'show', name)
        self.assertIn(INSTANCE, self.out)
        self.assertNotIn('pass-word', self.out)

    def test_one_that_does_not_exist(self):
        self.assertEqual(1, self.run_rpc('rejected', 'show', 'nonsense'))

        self.assertIn('nonsense', self.error)


class ReplayTest(RejectedTestCase):
    def test_named_ones_in_their_order(self):
        names = [self.reject() for _ in range(3)]

        status = self.run_rpc('rejected', 'replay', names[2], names[0])

        self.assertEqual(0, status, self.error)
        self.assertEqual([names[2], names[0]], self.replayed)
        self.assertIn(f'[1/2] {names[2]}: sent again', self.out)
        self.assertEqual('waiting', self.state(names[1]))

    def test_all_oldest_first(self):
        names = [self.reject() for _ in range(3)]
        told = self.reject(replayable=False, kind='call')

        self.assertEqual(0, self.run_rpc('rejected', 'replay', '--all'))

        self.assertEqual(sorted(names), sorted(self.replayed))
        self.assertEqual('waiting', self.state(told))
        listed = [
            row['ID'] for row in self.json('rejected', 'list', '--all')
        ]
        self.assertEqual(
            [n for n in reversed(listed) if n != told], self.replayed
        )

    def test_all_of_an_interface(self):
        self.reject()
        other = self.reject(interface='guestagent', peer=INSTANCE)

        self.run_rpc(
            'rejected', 'replay', '--all', '--interface', 'guestagent'
        )

        self.assertEqual([other], self.replayed)

    def test_one_that_may_be_a_copy_has_to_be_named(self):
        doubtful = [self.reject(cause=cause) for cause in ('age', 'unread')]
        other = self.reject()

        status = self.run_rpc('rejected', 'replay', '--all')

        self.assertEqual(0, status, self.error)
        self.assertEqual([other], self.replayed)
        for name in doubtful:
            self.assertEqual('waiting', self.state(name))
            self.assertIn(name, self.error)
        self.assertIn('may have been carried out', self.error)

        self.assertEqual(0, self.run_rpc('rejected', 'replay', *doubtful))
        self.assertEqual([other, *doubtful], self.replayed)

    def test_broker_that_is_away_is_the_operators_to_repair(self):
        name = self.reject()
        self.useFixture(
            fixtures.MockPatch('trove.peers.replay', side_effect=_away)
        )

        self.assertEqual(1, self.run_rpc('rejected', 'replay', name))

        self.assertIn('the message broker is unavailable', self.error)
        self.assertIn('refused', self.error)
        self.assertIn('transport_url', self.error)
        self.assertNotIn('administrator', self.error)

    def test_one_that_fails_holds_up_no_other(self):
        names = [self.reject() for _ in range(2)]
        self.failing.add(names[0])

        self.assertEqual(1, self.run_rpc('rejected', 'replay', *names))

        self.assertEqual([names[1]], self.replayed)
        self.assertIn(f'[1/2] {names[0]}: rebuild needs', self.error)
        self.assertIn('Upgrade them.', self.error)
        self.assertIn('1 of 2 failed', self.error)

    def test_none_waits(self):
        self.assertEqual(0, self.run_rpc('rejected', 'replay', '--all'))

        self.assertIn('No messages are waiting', self.out)

    def test_neither_named_nor_all_is_status_2(self):
        name = self.reject()

        self.assertEqual(2, self.run_rpc('rejected', 'replay'))
        self.assertEqual(2, self.run_rpc('rejected', 'replay', name, '--all'))
        self.assertEqual(2, self.run_rpc('rejected', 'discard'))

        self.assertEqual('waiting', self.state(name))


def _away(*arguments):
    try:
        raise OSError('refused')
    except OSError as error:
        raise exception.ServiceUnavailable(
            what='The message broker'
        ) from error


class DiscardTest(RejectedTestCase):
    def test_named_ones(self):
        names = [self.reject() for _ in range(2)]

        self.assertEqual(0, self.run_rpc('rejected', 'discard', names[0]))

        self.assertEqual('discarded', self.state(names[0]))
        self.assertEqual('waiting', self.state(names[1]))

    def test_all(self):
        names = [self.reject(), self.reject(replayable=False)]

        names.append(self.reject(cause='age'))

        self.assertEqual(0, self.run_rpc('rejected', 'discard', '--all'))

        self.assertEqual(
            ['discarded'] * 3, [self.state(name) for name in names]
        )

    def test_one_that_was_replayed_stays(self):
        names = [self.reject() for _ in range(2)]
        journal.mark(names[0], 'replayed')

        status = self.run_rpc('rejected', 'discard', 'nonsense', *names)

        self.assertEqual(1, status)
        self.assertIn('It is replayed already', self.error)
        self.assertIn('nonsense', self.error)
        self.assertEqual('replayed', self.state(names[0]))
        self.assertEqual('discarded', self.state(names[1]))
