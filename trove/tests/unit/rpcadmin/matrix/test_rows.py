# SPDX-License-Identifier: Apache-2.0
"""What the matrix says, against what is known and what happens."""

from __future__ import annotations

import oslo_messaging
from oslo_messaging.rpc import dispatcher
import testscenarios

from trove.common import context as trove_context
from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.rehearsal import sample_calls
from trove.rpcadmin.matrix import notes
from trove.rpcadmin.matrix import rows
from trove.tests import base
from trove.tests.fixtures import broker as brokers
from trove.tests.functional.interop import outcomes
from trove.tests.unit.common.rpc import released

LATEST = 'latest'

load_tests = testscenarios.load_tests_apply_scenarios


def pairs(clients=None, servers=None):
    everyone = rows.all_releases()
    for client in clients or everyone:
        for server in servers or everyone:
            yield client, server


def ours():
    return rows.find('latest')


class KnownTest(base.TestCase):
    """Facts about the releases that were seen on the wire."""

    def outcome(self, interface, client, server, method, argument=None):
        found = rows.between(
            interface, rows.find(str(client)), rows.find(str(server))
        )
        for row in found:
            if (row.method, row.argument) == (method, argument):
                return row.outcome
        return None

    def guest(self, client, server, *methods):
        return [
            self.outcome('guestagent', client, server, m) for m in methods
        ]

    def test_between_26_and_a_guest_of_14(self):
        self.assertEqual(
            ['lost', 'refused', 'refused', 'refused', 'same', 'same'],
            self.guest(
                26,
                14,
                'prepare',
                'start_db_with_conf_changes',
                'stop_db',
                'resize_fs',
                'attach_replica',
                'rebuild',
            ),
        )

    def test_old_forms_that_later_guests_refuse(self):
        for server in range(14, 27):
            self.assertEqual(
                ['refused', 'refused', 'lost', 'same'],
                self.guest(
                    12,
                    server,
                    'stop_db',
                    'start_db_with_conf_changes',
                    'upgrade',
                    'prepare',
                ),
                server,
            )

    def test_instances_that_stay_in_build(self):
        for client, server, expected in (
            *((11, 12, 'same'), (12, 11, 'lost'), (13, 12, 'same')),
            *((14, 13, 'lost'), (26, 14, 'same'), (26, 8, 'lost')),
        ):
            self.assertEqual(
                expected,
                self.outcome('taskmanager', client, server, 'create_instance'),
                (client, server),
            )

    def test_the_history_of_root_at_a_conductor_of_8(self):
        self.assertEqual(
            'lost', self.outcome('conductor', 11, 8, 'report_root')
        )
        self.assertEqual(
            'same', self.outcome('conductor', 8, 26, 'report_root')
        )
        self.assertEqual(
            'same', self.outcome('conductor', LATEST, 8, 'report_root', 'user')
        )

    def test_replies_of_a_guest_of_8(self):
        self.assertEqual(
            ['no reply', 'same', 'refused', 'lost'],
            self.guest(
                26, 8, 'restart', 'create_user', 'resize_fs', 'prepare'
            ),
        )
        self.assertEqual(
            ['same', 'same'], self.guest(LATEST, 8, 'restart', 'prepare')
        )
        self.assertEqual(['same'], self.guest(8, 8, 'restart'))

    def test_what_is_left_out_here(self):
        for expected, *message in (
            ('left out', 'prepare', 'ds_version'),
            ('refused', 'resize_fs', 'online'),
            ('same', 'resize_fs'),
        ):
            self.assertEqual(
                expected, self.outcome('guestagent', LATEST, 12, *message)
            )

    def test_everything_that_is_sent_to_this_release_is_taken(self):
        for name in versions.CLIENTS:
            for client, server in pairs(servers=[ours()]):
                found = rows.between(name, client, server)
                self.assertEqual(
                    {'same'}, {row.outcome for row in found}, (name, client)
                )

    def test_nothing_of_this_release_is_lost(self):
        for name in versions.CLIENTS:
            for client, server in pairs(clients=[ours()]):
                for row in rows.between(name, client, server):
                    self.assertIn(
                        row.outcome, ('same', 'left out', 'refused'), row
                    )
                    if row.outcome == 'refused':
                        self.assertEqual('sender', row.told, row)
                        self.assertTrue(row.remedy or row.vain, row)


class MeasuredTest(base.TestCase):
    """The outcomes that the runs with live peers have counted."""

    def test_our_clients(self):
        for release in (12, 14, 15, 21, 26):
            [section, _] = [
                outcomes.load(release)[outcomes.name_of('ours', encrypted)]
                for encrypted in (False, True)
            ]
            counts = dict.fromkeys(outcomes.RESULTS, 0)
            others = {}
            for name in versions.CLIENTS:
                for row in rows.between(
                    name, ours(), rows.find(str(release))
                ):
                    counts[row.outcome] += 1
                    if row.outcome != 'same':
                        what = f'{name} {row.method}'
                        if row.argument:
                            what += f' with {row.argument}'
                        others.setdefault(row.outcome, set()).add(what)

            self.assertEqual(section['counts'], counts, release)
            measured = {}
            for reason, found in section['others'].items():
                outcome, _, _ = reason.partition(':')
                measured.setdefault(outcome, set()).update(found)
            self.assertEqual(measured, others, release)


class ReleasedServersTest(base.TestCase):
    """Every message of every released client, to every released server.

    Dispatched by oslo.messaging, to endpoints with the measured signatures.
    """

    scenarios = [(name, {'name': name}) for name in versions.CLIENTS]

    def test_each_message(self):
        numbers = list(releases.SERIES)
        for server in numbers:
            endpoint = released.Endpoint(self.name, server)
            dispatches = dispatcher.RPCDispatcher(
                [endpoint], None, oslo_messaging.DefaultRPCAccessPolicy
            )
            for client in numbers:
                found = rows.between(
                    self.name, rows.find(str(client)), rows.find(str(server))
                )
                sent = releases.sent(self.name, client)
                for message, row in zip(sent, found, strict=True):
                    del endpoint.run[:]
                    try:
                        dispatches.dispatch(
                            released.incoming(
                                message.version,
                                message.method,
                                {},
                                dict.fromkeys(message.arguments, 'value'),
                            )
                        )
                    except (
                        oslo_messaging.rpc.dispatcher.NoSuchMethod,
                        oslo_messaging.rpc.dispatcher.UnsupportedVersion,
                        TypeError,
                    ):
                        told = 'refused' if message.kind == 'call' else 'lost'
                        expected = {told}
                    else:
                        self.assertEqual(1, len(endpoint.run))
                        expected = {'same', 'no reply'}
                    self.assertIn(
                        row.outcome, expected, (client, server, message)
                    )


class OurServersTest(base.TestCase):
    """Every message of every released client, to servers of this tree."""

    scenarios = [(name, {'name': name}) for name in versions.CLIENTS]

    def test_each_message(self):
        interface = versions.CLIENTS[self.name].interface
        line = brokers.Broker().connection('x')
        done, rejected = [], []
        transport = rpc.Transport(
            self.conf, rejected=rejected.append, connection=line
        )
        transport.server(
            sample_calls.Recorder(interface, done.append), host='h', peer='x'
        ).start()
        topic = interface.topic(self.conf, 'x')
        context = trove_context.TroveContext().to_dict()
        for client in releases.SERIES:
            found = rows.between(self.name, rows.find(str(client)), ours())
            sent = releases.sent(self.name, client)
            for message, row in zip(sent, found, strict=True):
                del done[:]
                arguments = dict.fromkeys(message.arguments, 'value')
                prepared = line.prepared(self.name, topic, message.version, 1)
                send = getattr(prepared, message.kind)
                send(context, message.method, **arguments)

                self.assertEqual([], rejected, message)
                self.assertEqual([(message.method, arguments)], done)
                self.assertEqual('same', row.outcome)


class VainTest(base.TestCase):
    def vain(self, client, server):
        found = rows.between(
            'guestagent', rows.find(str(client)), rows.find(str(server))
        )
        return {row.method: row for row in found if row.vain}

    def test_what_no_datastore_supports(self):
        found = self.vain(LATEST, 26)

        self.assertIn('install_cluster', found)
        self.assertIn('No datastore', found['install_cluster'].vain)
        self.assertEqual('', found['install_cluster'].remedy)
        self.assertNotIn('rotate_key', found)
        # Guests of a later release have that.
        self.assertNotIn('pre_create_backup', self.vain(LATEST, 12))

    def test_what_nobody_calls(self):
        found = self.vain(26, 26)

        self.assertEqual(
            {
                'attach_replication_slave',
                'cleanup_source_on_replica_detach',
                'update_guest',
            },
            set(found),
        )
        self.assertEqual({}, self.vain(11, 26))


class NotesTest(base.TestCase):
    def about(self, *place):
        return ' '.join(note.text for note in notes.about(*place))

    def test_the_project_between_old_and_new(self):
        self.assertIn('project ID', self.about('taskmanager', 15, 17))
        self.assertIn('project ID', self.about('conductor', 26, 12))
        for client, server in ((15, 14), (26, 17), (27, 12), (12, 27)):
            said = self.about('conductor', client, server)
            self.assertNotIn('project', said)

    def test_a_healthy_guest_at_an_old_conductor(self):
        self.assertIn('healthy', self.about('conductor', 27, 12))
        self.assertNotIn('healthy', self.about('conductor', 26, 13))
        self.assertNotIn('healthy', self.about('guestagent', 26, 12))

    def test_what_a_later_package_of_14_changed(self):
        self.assertIn('agent of 14.1.0', self.about('guestagent', 26, 14))
        self.assertIn('14.1.0 sends', self.about('guestagent', 14, 26))
        self.assertNotIn('14.1.0', self.about('taskmanager', 14, 14))


class ReleaseTest(base.TestCase):
    def test_names(self):
        for text in ('14', '14.0', '14.0.0', 'victoria', 'Victoria'):
            self.assertEqual(14, rows.find(text).number, text)
        self.assertEqual(21, rows.find('2024.1').number)
        self.assertTrue(rows.find('latest').ours)
        self.assertRaises(ValueError, rows.find, '9')
        self.assertRaises(ValueError, rows.find, '14.1')

    def test_groups_have_all_and_differ(self):
        everyone = rows.all_releases()
        for name in versions.CLIENTS:
            found = list(rows.groups(name, everyone, everyone))
            self.assertEqual(
                len(everyone) ** 2,
                sum(len(g.clients) * len(g.servers) for g in found),
            )
            for group in found:
                for client, server in pairs(group.clients, group.servers):
                    self.assertEqual(
                        group.rows, rows.between(name, client, server)
                    )
