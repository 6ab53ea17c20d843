# SPDX-License-Identifier: Apache-2.0
"""Our clients against endpoints of every release that was measured.

The installed ones are live peers in ``trove/tests/functional/interop``; here
are all, with their measured signatures and without a broker.
"""

from __future__ import annotations

import oslo_messaging
from oslo_messaging.rpc import dispatcher

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.peers import releases
from trove.peers import versions
from trove.tests import base
from trove.tests.functional.interop import samples
from trove.tests.unit.common.rpc import released

#: What is sent to a peer of which more is not known than that it exists.
_PEER = 'an-instance'


class Wire:
    """Stands in for the connection: oslo.messaging's dispatcher at once."""

    def __init__(self, endpoint):
        self._dispatcher = dispatcher.RPCDispatcher(
            [endpoint], None, oslo_messaging.DefaultRPCAccessPolicy
        )
        self.lost = []

    def reach(self):
        """It can always be reached."""

    def prepared(self, name, topic, version, timeout):
        return Prepared(self, version)

    def dispatch(self, version, method, context, arguments):
        return self._dispatcher.dispatch(
            released.incoming(version, method, context, arguments)
        )


class Prepared:
    def __init__(self, wire, version):
        self._wire = wire
        self._version = version

    def call(self, context, method, **arguments):
        try:
            return self._wire.dispatch(
                self._version, method, context, arguments
            )
        except Exception as error:
            if type(error).__module__ == 'builtins':
                raise
            raise oslo_messaging.RemoteError(
                type(error).__name__, str(error), []
            ) from None

    def cast(self, context, method, **arguments):
        try:
            self._wire.dispatch(self._version, method, context, arguments)
        except Exception as error:  # noqa: BLE001
            # Nobody would be told of it.
            self._wire.lost.append((method, error))


class ReleasedEndpointsTest(base.TestCase):
    """Each message arrives as it was meant, or is refused before it goes."""

    def check(self, name):
        for release in releases.SERIES:
            endpoint = released.Endpoint(name, release)
            asker = released.Direct(self.conf, endpoint, None)
            peer = _PEER if name == 'guestagent' else None
            found = rpc.probe(asker, versions.CLIENTS[name].interface, peer)
            transport = rpc.Transport(
                self.conf,
                {name: lambda _peer, text=str(found): text},
                connection=Wire(endpoint),
            )
            client = versions.CLIENTS[name](transport, peer)
            for method in client.interface.methods.values():
                for values in self.variants(method):
                    self.say(release, endpoint, client, method, values)
            self.assertEqual([], transport.connection.lost, (name, release))

    def variants(self, method):
        """Only what is needed; and that with each of the others."""
        needed = {
            argument.name: samples.value(argument.name)
            for argument in method.arguments.values()
            if argument.default is rpc.REQUIRED
        }
        if method.any_fields:
            needed.update(samples.value('backup_fields'))
        yield needed
        for name in sorted(set(method.arguments) - set(needed)):
            yield {**needed, name: samples.value(name)}

    def say(self, release, endpoint, client, method, values):
        del endpoint.run[:]
        served = dict(released.served(client.interface.name, release))
        where = (release, method.name, values)
        unknown = set()
        if method.name in served and '**' not in served[method.name]:
            names = served[method.name].split(', ')
            unknown = set(values) - {each.split('=')[0] for each in names}
        refused = method.name not in served or any(
            not method.arguments[name].span.may_omit for name in unknown
        )
        send = getattr(client, method.name)
        context = trove_context.TroveContext(project_id='a-project')
        if refused:
            self.assertRaises(exception.PeerTooOld, send, context, **values)
            self.assertEqual([], endpoint.run, where)
            return
        send(context, **values)
        [(arrived, arguments)] = endpoint.run
        self.assertEqual(method.name, arrived, where)
        meant = {k: v for k, v in values.items() if k not in unknown}
        self.assertEqual(
            meant, {name: arguments.get(name) for name in meant}, where
        )
        sent = endpoint.contexts[-1]
        # In the words of every release.
        self.assertEqual(
            ['a-project'] * 3,
            [sent[key] for key in ('tenant', 'project', 'project_id')],
        )

    def test_what_is_not_answered_goes_to_nobody_who_might_drop_it(self):
        for name, client_class in versions.CLIENTS.items():
            for release in releases.SERIES:
                endpoint = released.Endpoint(name, release)
                # Nothing is known of it.
                transport = rpc.Transport(
                    self.conf, {}, connection=Wire(endpoint)
                )
                peer = _PEER if name == 'guestagent' else None
                client = client_class(transport, peer)
                sent = 0
                for method in client.interface.methods.values():
                    if method.kind == 'call':
                        continue
                    send = getattr(client, method.name)
                    for values in self.variants(method):
                        try:
                            send(trove_context.TroveContext(), **values)
                            sent += 1
                        except exception.PeerTooOld as error:
                            self.assertIn('as far as known', str(error))
                self.assertEqual(
                    [], transport.connection.lost, (name, release)
                )
                self.assertEqual(sent, len(endpoint.run))
                self.assertGreater(sent, 0)

    def test_task_managers(self):
        self.check('taskmanager')

    def test_conductors(self):
        self.check('conductor')

    def test_guests(self):
        self.check('guestagent')


class NotificationTest(base.TestCase):
    """Casts bring along what released endpoints cannot do without."""

    def context_of(self, name, announced, method, **values):
        """Send a cast; return the context that arrives."""
        endpoint = released.Endpoint(name, 26)
        endpoint.target = oslo_messaging.Target(version='1.9')
        transport = rpc.Transport(
            self.conf,
            {name: lambda _peer: announced},
            connection=Wire(endpoint),
        )
        peer = _PEER if name == 'guestagent' else None
        client = versions.CLIENTS[name](transport, peer)
        context = trove_context.TroveContext(
            project_id='a-project', request_id='req-1'
        )
        getattr(client, method)(context, **values)
        self.arguments = endpoint.run[-1][1]
        return endpoint.contexts[-1]

    def base(self, name, server_type, **payload):
        return {
            'notification_classname': f'trove.common.notification.{name}',
            'request_id': 'req-1',
            'tenant_id': 'a-project',
            'client_ip': '',
            'server_ip': '',
            'server_type': server_type,
            **payload,
        }

    def test_to_a_guest_which_tells_the_conductor(self):
        context = self.context_of('guestagent', '1.3', 'create_user', users=[])

        self.assertEqual(
            self.base('DBaaSUserCreate', 'guest', instance_id=_PEER),
            context['trove_notification'],
        )

    def test_to_a_task_manager_which_tells_itself(self):
        context = self.context_of(
            'taskmanager',
            '1.0/victoria',
            'create_backup',
            backup_info={'id': 'b'},
            instance_id='i',
        )

        self.assertEqual(
            self.base(
                'DBaaSBackupCreate',
                'taskmanager',
                instance_id='i',
                backup_id='b',
            ),
            context['trove_notification'],
        )

    def test_of_a_class_that_releases_before_train_lack(self):
        for announced, name in (
            ('1.0', 'DBaaSInstanceRestart'),
            ('1.0/train', 'DBaaSInstanceReboot'),
            ('1.0/victoria', 'DBaaSInstanceReboot'),
        ):
            context = self.context_of(
                'taskmanager', announced, 'reboot', instance_id='i'
            )

            self.assertEqual(
                self.base(name, 'taskmanager', instance_id='i'),
                context['trove_notification'],
            )

    def test_to_a_conductor_it_is_what_is_told(self):
        told = {'instance_id': 'i', 'request_id': 'req-7'}

        context = self.context_of(
            'conductor',
            '1.0',
            'notify_exc_info',
            serialized_notification=told,
            message='no',
            exception=[],
        )

        complete = {**self.base('DBaaSInstanceRestart', 'guest'), **told}
        self.assertEqual(complete, context['trove_notification'])
        self.assertEqual(
            complete, self.arguments['serialized_notification']
        )

    def test_nothing_where_nobody_looks_for_it(self):
        for name, announced, method, values in (
            ('guestagent', '1.3', 'rpc_ping', {}),
            ('guestagent', '1.5', 'create_user', {'users': []}),
            (
                *('conductor', '1.0', 'heartbeat'),
                {'instance_id': 'i', 'payload': {}},
            ),
        ):
            context = self.context_of(name, announced, method, **values)

            self.assertNotIn('trove_notification', context)


class ReleasedContextTest(base.TestCase):
    """A project is understood in the words of every release."""

    def test_each_form(self):
        for words in (
            {'tenant': 'p'},
            {'tenant': 'p', 'project': 'p'},
            {'project': 'p', 'project_id': 'p'},
        ):
            context = trove_context.TroveContext.from_dict(
                {'user': 'u', 'unknown key': 1, **words}
            )

            self.assertEqual(
                ('p', 'u'), (context.project_id, context.user_id), words
            )
