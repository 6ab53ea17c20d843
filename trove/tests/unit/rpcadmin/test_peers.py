# SPDX-License-Identifier: Apache-2.0
"""trove-rpc peers."""

from __future__ import annotations

import datetime
from unittest import mock

from oslo_utils import timeutils
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import service as services
from trove.objects.guest import guest_versions
from trove.objects.instance import instances
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.rpcadmin import facts
from trove.tests.unit.rpcadmin import base


class PeersTestCase(base.TestCase):
    def peers(self, *arguments):
        return {row['Peer']: row for row in self.json('peers', *arguments)}

    def guest(self, version, release=None):
        """An instance whose guest announces that; it says nothing if None."""
        instance = self.ready()
        self.beat(
            instance.id,
            version=version and f'{version} {release or "27.0.0"}',
        )
        return instance.id

    def encrypted(self, more=''):
        """Say in the file that messages are encrypted."""
        self.OPTIONS = 'enable_secure_rpc_messaging = true\n'
        self.configure(more)

    def age(self, table, column, **where):
        long_ago = timeutils.utcnow() - datetime.timedelta(days=1)
        with session.writer() as db:
            db.execute(
                sa.update(table).filter_by(**where).values({column: long_ago})
            )


class ServicesTest(PeersTestCase):
    def test_services_that_are_up_and_down(self):
        for host in 'tm1', 'tm2':
            services.report(
                'trove-taskmanager', host, {'taskmanager': '1.1'}, '27.0.0'
            )
        self.age(models.Service, 'last_report', host='tm2')

        found = self.peers('--kind', 'taskmanager')

        self.assertEqual('up', found['tm1']['State'])
        self.assertEqual('27.0.0', found['tm1']['Release'])
        self.assertEqual('1.1', found['tm1']['Speaks'])
        self.assertEqual('1.1', found['tm1']['Usable'])
        self.assertEqual([], found['tm1']['Blocks'])
        self.assertTrue(found['tm1']['Last Seen'].endswith('Z'))
        self.assertEqual('down', found['tm2']['State'])
        self.assertIsNone(found['tm2']['Usable'])
        self.assertEqual([], found['tm2']['Blocks'])

    def test_nobody_has_registered(self):
        found = self.json('peers', '--kind', 'conductor')

        (row,) = found
        self.assertEqual('(none)', row['Peer'])
        self.assertEqual('unregistered', row['State'])
        self.assertIsNone(row['Speaks'])
        self.assertEqual('1.0', row['Usable'])
        self.assertIn('get_versions', row['Blocks'])

    def test_a_release_that_does_not_register(self):
        host = f'{services.UNREGISTERED} 1.0/victoria'
        services.report(
            'trove-taskmanager', host, {'taskmanager': '1.0/victoria'}, None
        )

        (row,) = self.json('peers', '--kind', 'taskmanager')

        self.assertEqual(host, row['Peer'])
        self.assertEqual('unregistered', row['State'])
        self.assertEqual('1.0/victoria', row['Usable'])
        self.assertIn('victoria to', row['Release'])

    def test_one_that_shares_its_topic_with_an_older_one(self):
        self.encrypted()
        for host, speaks in ('tm1', '1.1'), ('tm2', '1.0/train'):
            services.report(
                'trove-taskmanager', host, {'taskmanager': speaks}, None
            )

        found = self.peers('--kind', 'taskmanager')

        self.assertEqual(
            [
                ('released', 'another one speaks 1.0/train'),
                ('released', None),
            ],
            [
                (found[each]['Messages'], found[each]['Downgraded'])
                for each in ('tm1', 'tm2')
            ],
        )


class GuestsTest(PeersTestCase):
    def test_what_a_guest_is(self):
        guest = self.guest('1.3', '26.5.0')

        row = self.peers()[guest]

        self.assertEqual('guestagent', row['Kind'])
        self.assertEqual('26.5.0', row['Release'])
        self.assertEqual('1.3', row['Speaks'])
        self.assertEqual('1.3', row['Usable'])
        self.assertIsNone(row['Pin'])
        self.assertEqual('up', row['State'])
        self.assertEqual('clear', row['Messages'])
        self.assertIn('rotate_key', row['Blocks'])
        self.assertNotIn('prepare', row['Blocks'])
        self.assertIn('restart(reason)', row['Left Out'])

    def test_one_that_was_probed(self):
        guest = self.guest(None)
        guest_versions.record_probe(guest, '1.1')

        row = self.peers()[guest]

        self.assertEqual('1.1', row['Speaks'])
        self.assertEqual('wallaby to 2024.2', row['Release'])
        self.assertEqual('up', row['State'])

    def test_one_of_which_nothing_is_known(self):
        guest = self.create().id

        row = self.peers()[guest]

        self.assertEqual('unregistered', row['State'])
        self.assertIsNone(row['Speaks'])
        self.assertIsNone(row['Release'])
        self.assertEqual('1.0', row['Usable'])

    def test_one_that_fell_silent_still_holds_back(self):
        guest = self.guest('1.0')
        self.age(models.AgentHeartbeat, 'updated_at', instance_id=guest)

        row = self.peers('--blocking')[guest]

        self.assertEqual('silent', row['State'])
        self.assertNotEqual([], row['Blocks'])

    def test_one_that_is_newer_than_this_side(self):
        guest = self.guest('1.99')

        row = self.peers()[guest]

        self.assertEqual('1.99', row['Speaks'])
        self.assertEqual([], row['Blocks'])

    def test_one_that_says_nonsense(self):
        guest = self.guest('nonsense')

        row = self.peers()[guest]

        self.assertEqual('nonsense', row['Speaks'])
        self.assertEqual('1.0', row['Usable'])

    def test_one_with_a_key(self):
        self.encrypted()
        old, new = self.guest('1.3'), self.guest('1.5')
        clear = self.guest('1.5')
        with session.writer() as db:
            db.execute(
                sa.update(models.Instance)
                .where(models.Instance.id.in_([old, new]))
                .values(encrypted_key='x')
            )

        found = self.peers()

        self.assertEqual('released', found[old]['Messages'])
        self.assertEqual('sealed', found[new]['Messages'])
        self.assertEqual('clear', found[clear]['Messages'])
        self.assertEqual(
            [None, None, 'it has no key'],
            [found[each]['Downgraded'] for each in (old, new, clear)],
        )
        self.assertEqual('1.3', found[old]['Usable'])

        with open(self.file, 'a') as file:
            file.write('[DEFAULT]\nrpc_seal_minimum = authenticated\n')
        found = self.peers()

        self.assertIsNone(found[old]['Messages'])
        self.assertIsNone(found[old]['Usable'])
        self.assertIn('create_user', found[old]['Blocks'])
        self.assertEqual('sealed', found[new]['Messages'])
        self.assertNotIn('create_user', found[new]['Blocks'])

    def test_one_that_refused_what_was_sealed(self):
        self.encrypted()
        guest = self.guest('1.5')
        with session.writer() as db:
            db.execute(sa.update(models.Instance).values(encrypted_key='x'))
        guest_versions.record_refuted(guest)
        guest_versions.record_probe(guest, '1.3')

        row = self.peers()[guest]

        self.assertEqual(
            ('released', 'it refused 1.5'),
            (row['Messages'], row['Downgraded']),
        )

    def test_one_that_is_pinned(self):
        self.encrypted('[upgrade_levels]\nguestagent = wallaby\n')
        guest = self.guest('1.5')
        with session.writer() as db:
            db.execute(sa.update(models.Instance).values(encrypted_key='x'))

        row = self.peers()[guest]

        self.assertEqual(
            ('released', 'pinned to 1.1'), (row['Messages'], row['Downgraded'])
        )

    def test_where_nothing_is_encrypted_nothing_is_downgraded(self):
        guest = self.guest('1.5')

        self.assertIsNone(self.peers()[guest]['Downgraded'])

    def test_deleted_instances_are_not_listed(self):
        guest = self.guest('1.3')
        instances.mark_deleted(guest)

        self.assertNotIn(guest, self.peers())


class RefusedTest(PeersTestCase):
    """Which guest agent misbehaves, and how."""

    def refuse(self, guest, cause, count=1, **values):
        said = {
            'interface': 'conductor',
            'sender': guest,
            'method': 'report_root',
            'version': '1.1',
            'kind': 'cast',
            'cause': cause,
            'reason': 'x',
            **values,
        }
        recording.record(
            self.conf, said, {}, host='c1', instance_id=guest, count=count
        )

    def test_one_that_sends_too_much(self):
        guest, other = self.guest('1.5'), self.guest('1.5')
        for method in 'report_root', 'update_backup':
            self.refuse(guest, 'limit', 3000, method=method)
        self.refuse(guest, 'replay', 2)
        self.refuse(guest, 'seal')
        # What the guest itself did not take is no fault of its own.
        self.refuse(other, 'version', interface='guestagent', peer=other)

        found = self.peers()

        row = found[guest]
        self.assertEqual(6000, row['Over Budget'])
        self.assertEqual(['replay 2', 'seal 1'], row['Refused'])
        self.assertTrue(row['Last Refused'].endswith('Z'))
        self.assertEqual(0, found[other]['Over Budget'])
        self.assertEqual([], found[other]['Refused'])
        self.assertIsNone(found[other]['Last Refused'])
        self.assertEqual([guest], list(self.peers('--refused')))

    def test_what_an_operator_has_settled(self):
        guest = self.guest('1.5')
        self.refuse(guest, 'limit', 3000)
        (row,) = journal.list_()

        journal.mark(row.id, journal.DISCARDED)

        self.assertEqual({}, self.peers('--refused'))


class FilterTest(PeersTestCase):
    def test_blocking(self):
        old, new = self.guest('1.3'), self.guest('1.5')

        found = self.peers('--blocking')

        self.assertIn(old, found)
        self.assertNotIn(new, found)

    def test_a_pin_holds_back_too(self):
        self.configure('[upgrade_levels]\nguestagent = wallaby\n')
        guest = self.guest('1.5')

        row = self.peers('--blocking')[guest]

        self.assertEqual('1.5', row['Speaks'])
        self.assertEqual('1.1', row['Pin'])
        self.assertEqual('1.1', row['Usable'])
        self.assertIn('get_diagnostics', row['Blocks'])

    def test_kinds_and_states(self):
        guest, nobody = self.guest('1.5'), self.create().id

        self.assertEqual(
            {guest},
            set(self.peers('--kind', 'guestagent', '--state', 'up')),
        )
        self.assertEqual(
            {nobody, '(none)'}, set(self.peers('--state', 'unregistered'))
        )
        self.assertEqual(
            {guest, nobody},
            set(
                self.peers(
                    '--kind',
                    'guestagent',
                    '--state',
                    'up',
                    '--state',
                    'unregistered',
                )
            ),
        )

    def test_text_for_people_and_pipes(self):
        guest = self.guest('1.3')

        self.run_rpc(
            'peers',
            '--kind',
            'guestagent',
            '-f',
            'value',
            '-c',
            'Peer',
            '-c',
            'Pin',
            '-c',
            'Left Out',
        )

        self.assertEqual(
            f'{guest} - pre_upgrade(datastore_version), '
            'guest_log_action(store), restart(reason)\n',
            self.out,
        )


class StreamTest(PeersTestCase):
    def test_guests_are_read_in_pages(self):
        with session.writer() as db:
            db.execute(
                sa.insert(models.Instance),
                [
                    {'id': f'{number:036d}', 'deleted': False, 'name': 'x'}
                    for number in range(2500)
                ],
            )
        statements = []
        listener = mock.Mock(
            side_effect=lambda *args: statements.append(args[2])
        )
        with session.reader() as db:
            engine = db.get_bind()
        sa.event.listen(engine, 'before_cursor_execute', listener)
        self.addCleanup(
            sa.event.remove, engine, 'before_cursor_execute', listener
        )

        found = list(facts.find(self.peers_conf()))

        guests = [peer for peer in found if peer.kind == 'guestagent']
        self.assertEqual(2500, len(guests))
        self.assertLess(len(statements), 16)

    def peers_conf(self):
        return self.conf
