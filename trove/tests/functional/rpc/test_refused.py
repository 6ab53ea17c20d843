# SPDX-License-Identifier: Apache-2.0
"""Options that a real RabbitMQ does not go along with."""

from __future__ import annotations

from concurrent import futures
import pathlib
import uuid

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import certificates
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import member
from trove.tests.functional.rpc import tls_broker

_RABBIT = 'oslo_messaging_rabbit'


class RefusedTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.broker = tls_broker.shared()
        self.vhost = uuid.uuid4().hex
        self.broker.make_vhost(self.vhost, 'services', 'secret')
        self.context = trove_context.TroveContext()
        self.config(rpc_send_attempts=1)
        self.listen(self.transport())

    def transport(self, user='services', password='secret', **url):
        port = url.get('port', self.broker.port)
        vhost = url.get('vhost', self.vhost)
        made = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: '1.0'},
            f'rabbit://{user}:{password}@127.0.0.1:{port}/{vhost}',
        )
        self.addCleanup(made.close)
        return made

    def listen(self, transport):
        manager = member.Member('x')
        server = transport.server(manager, host='x', peer='topic')
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        server.start()
        return manager

    def assert_named(self, option, transport, sends=True):
        """Whoever listens is told, and the log of who sends says it."""
        # A minute of what may pass is over at once.
        with fixtures.MonkeyPatch(
            'trove.common.rpc._broker.listener._TRANSIENT_TIMEOUT', 0
        ):
            error = self.assertRaises(
                exception.ConfigurationError, self.listen, transport
            )
        self.assertIn(option, str(error))
        if sends:
            self.assertRaises(
                exception.ServiceUnavailable,
                member.API(transport, 'topic').tell,
                self.context,
                'something',
            )
            self.assertIn(option, str(transport.connection.problem))
            self.assertIn(str(transport.connection.problem), self.logs.output)

    def test_accounts(self):
        self.broker.put('users', 'nobody', password='secret', tags='')

        for option, url in (
            ('the password is wrong', {'password': 'wrong'}),
            ('add_vhost', {'vhost': 'nonsense'}),
            ('set_permissions', {'user': 'nobody'}),
        ):
            self.assert_named(option, self.transport(**url))
        self.broker.put(
            'permissions',
            self.vhost,
            'nobody',
            **dict.fromkeys(('configure', 'write', 'read'), '^$'),
        )
        self.assert_named('lacks a permission', self.transport('nobody'))

    def test_queues_of_another_kind(self):
        for option, sends in (
            ('rabbit_quorum_queue', False),
            ('amqp_auto_delete', True),
        ):
            self.config(**{option: True}, group=_RABBIT)
            self.assert_named(option, self.transport(), sends)
            self.config(**{option: False}, group=_RABBIT)

    def test_durable_here_and_not_there(self):
        self.config(amqp_durable_queues=True, group=_RABBIT)
        # It works, and is told of.
        self.listen(self.transport())
        self.assertIn(
            'is lost when the message broker restarts', self.logs.output
        )

    def test_durable_there_and_not_here(self):
        vhost = uuid.uuid4().hex
        self.broker.make_vhost(vhost, 'services', 'secret')
        self.config(amqp_durable_queues=True, group=_RABBIT)
        self.listen(self.transport(vhost=vhost))
        self.config(amqp_durable_queues=False, group=_RABBIT)

        self.assert_named('amqp_durable_queues', self.transport(vhost=vhost))

    def test_tls(self):
        directory = self.useFixture(fixtures.TempDir()).path
        other = certificates.Authority(pathlib.Path(directory))
        certificate, key = other.issue('services')
        self.config(ssl=True, group=_RABBIT)
        for option, files in (
            ('ssl_ca_file', {'ssl_ca_file': str(other.path)}),
            (
                'ssl_cert_file',
                {
                    'ssl_ca_file': str(self.broker.authority.path),
                    'ssl_cert_file': str(certificate),
                    'ssl_key_file': str(key),
                },
            ),
        ):
            self.config(**files, group=_RABBIT)
            transport = self.transport(port=self.broker.tls_port)
            self.assertRaises(
                exception.ServiceUnavailable,
                member.API(transport, 'topic').tell,
                self.context,
                'something',
            )
            self.assertIn(option, str(transport.connection.problem))
        self.assert_named(f'[{_RABBIT}] ssl:', self.transport(), sends=False)

    def test_one_that_has_no_users_yet_when_a_service_starts(self):
        """As a cluster that is just being started."""
        user, vhost = uuid.uuid4().hex, uuid.uuid4().hex
        pool = futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        transport = self.transport(user, vhost=vhost)
        starting = pool.submit(self.listen, transport)
        waiting.until(
            lambda: 'for this error to pass' in self.logs.output, 'it waits'
        )
        self.assertIn('the password is wrong', self.logs.output)

        self.broker.make_vhost(vhost, user, 'secret')

        manager = starting.result(300)
        member.API(transport, 'topic').tell(self.context, 'something')
        waiting.until(lambda: manager.heard, 'it listens')

    def test_one_that_refuses_for_a_while(self):
        user = uuid.uuid4().hex
        vhost = uuid.uuid4().hex
        self.broker.make_vhost(vhost, user, 'secret')
        self.listen(self.transport(user, vhost=vhost))

        # When the broker does not let it in any more,
        self.broker.put('users', user, password='other', tags='')
        waiting.until(lambda: self.broker.drop(vhost), 'it was connected')
        waiting.until(
            lambda: 'the password is wrong' in self.logs.output, 'it is told'
        )

        # then it goes on when it may.
        self.broker.put('users', user, password='secret', tags='')
        waiting.until(
            lambda: member.API(
                self.transport(user, vhost=vhost), 'topic', timeout=2
            ).ask(self.context, 'it'),
            'it answers again',
            ignore=(exception.TroveError,),
        )
