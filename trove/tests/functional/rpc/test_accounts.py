# SPDX-License-Identifier: Apache-2.0
"""Guest agents with broker accounts of their own, on a real RabbitMQ."""

from __future__ import annotations

import base64
import pathlib
import types
from urllib import parse

import amqp
from amqp.exceptions import MessageNacked
import fixtures
from oslo_config import cfg
import oslo_messaging
import testtools
import yaml

from trove import conf as trove_conf
from trove.cloud.openstack import userdata
from trove.common import broker_accounts
from trove.common import exception
from trove.common import rpc
from trove.taskmanager.workflows import guest_files
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import accounts

_A = '5ef0e7dc-8a49-4ae1-b5b9-0c9a3a0a4a01'
_B = '5ef0e7dc-8a49-4ae1-b5b9-0c9a3a0a4a02'


class AccountsTest(accounts.AccountsTestCase):
    broker: rabbitmq.VirtualHost

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.broker = rabbitmq.VirtualHost()
        cls.broker.setUp()
        cls.addClassCleanup(cls.broker.cleanUp)

    def setUp(self):
        super().setUp()
        self.config(transport_url=self.broker.url)
        self.config(
            management_url=self.broker.management_url, group='guest_accounts'
        )
        self.accounts = broker_accounts.Accounts(self.conf)
        self.control = self.connected(self.broker.url)
        self.conductor = accounts.Conductor()
        self.server = self.listen(
            self.control, self.conf.conductor_queue, self.conductor
        )

    def given_guest(self, instance_id):
        """A guest agent that listens, with an account of its own."""
        topic = f'guestagent.{instance_id}'
        account = self.accounts.create(instance_id, topic)
        self.addCleanup(self.accounts.delete, instance_id)
        transport = self.connected(account.url, own=topic)
        self.listen(transport, topic, accounts.Guest())
        return transport, account

    def test_it_does_all_that_a_guest_does(self):
        # Given a guest whose account is its own,
        guest, _ = self.given_guest(_A)

        # when it is called, then it answers;
        self.control.connection.reach()
        call = self.client(self.control, f'guestagent.{_A}').call
        self.assertEqual('well?', call({}, 'ask', what='well'))

        # when it reports and asks, then the conductors take it and answer.
        to_conductor = self.client(guest, self.conf.conductor_queue)
        to_conductor.cast({}, 'tell', what='news')
        guest.connection.reach()
        self.assertEqual('well!', to_conductor.call({}, 'ask', what='well'))
        waiting.until(lambda: self.conductor.heard, 'the report came')

        # When the broker was away, and it comes back before the control plane,
        self.server.stop()
        self.server.wait()
        self.control.close()
        self.broker.stop()
        self.broker.start()
        waiting.until(
            lambda: 'openstack does not exist before' in self.logs.output,
            'the guest agent has tried',
        )
        control = self.connected(self.broker.url)
        self.listen(control, self.conf.conductor_queue, self.conductor)

        # then all of it goes on.
        call = self.client(control, f'guestagent.{_A}').call
        waiting.until(
            lambda: call({}, 'ask', what='still') == 'still?',
            'it answers again',
            timeout=90,
            ignore=(Exception,),
        )
        waiting.until(
            lambda: to_conductor.call({}, 'ask', what='still') == 'still!',
            'it is answered again',
            timeout=90,
            ignore=(Exception,),
        )

    def test_it_reaches_nobody_else(self):
        # Given two guests and what the control plane has at the broker,
        _, account = self.given_guest(_A)
        own = self.login(account)
        other, _ = self.given_guest(_B)
        self.control.connection.reach()
        other.connection.reach()
        replies = self.control.connection.open()._driver._get_reply_q()
        others_replies = other.connection.open()._driver._get_reply_q()
        self.control.connection.create_queue('taskmanager', 'tm1')
        topic, foreign = f'guestagent.{_A}', f'guestagent.{_B}'
        control = self.conf.control_exchange

        # when who has the first account tries what AMQP offers, then the
        # broker refuses it:
        queues = (
            *(foreign, f'{foreign}.x', 'taskmanager', replies),
            *(others_replies, self.conf.conductor_queue),
        )
        # to read, purge, delete and declare what belongs to others,
        for queue in queues:
            self.refused(own, 'basic_get', queue)
            self.refused(own, 'basic_consume', queue)
            self.refused(own, 'queue_purge', queue)
            self.refused(own, 'queue_delete', queue)
            self.refused(own, 'queue_declare', queue, durable=True)
            # to write to it, past all exchanges,
            self.refused(own, self.publish, '', queue)
            self.refused(own, self.dead_letters, '', queue)
        # or by the exchanges,
        for key in (foreign, 'taskmanager', self.conf.conductor_queue, '#'):
            self.refused(own, self.publish, control, key)
            self.refused(own, self.dead_letters, control, key)
            # to have copies of the messages of others,
            self.refused(own, 'queue_bind', topic, control, key)
        # to make more of them,
        for queue in f'{topic}.more', f'{topic}_fanout_1', f'reply_{topic}_9':
            self.refused(own, 'queue_declare', queue)
        self.refused(own, self.publish, others_replies, others_replies)
        # or to break the exchanges.
        for exchange in (control, f'{control}_guests', replies):
            self.refused(own, 'exchange_delete', exchange)
            self.refused(
                own, 'exchange_declare', exchange, 'topic', auto_delete=False
            )
        # Its own it reaches, so that this proves something.
        channel = own.channel()
        channel.queue_declare(f'reply_{topic}_8')
        self.publish(channel, f'{control}_guests', 'nobody')

    def test_a_server_of_the_cloud_boots_with_its_own(self):
        # Given the user data that Nova gets for the server of a guest,
        topic = f'guestagent.{_A}'
        self.addCleanup(self.accounts.delete, _A)
        self.config(control_exchange='openstack', guest_config='')
        files = guest_files.make(
            self.conf,
            types.SimpleNamespace(id=_A, tenant_id='p'),
            'mariadb',
            account=self.accounts.create(_A, topic),
        )
        data = yaml.safe_load(
            base64.b64decode(userdata.make(self.conf, 'mariadb', files))
        )
        booted = self.useFixture(fixtures.TempDir()).path
        for file in data['write_files']:
            path = pathlib.Path(booted, pathlib.Path(file['path']).name)
            path.write_bytes(base64.b64decode(file['content']))
            self.assertEqual('0', file['permissions'][-1])
        guest = cfg.ConfigOpts()
        trove_conf.register_opts(guest)
        rpc.check(guest)
        guest(['--config-dir', booted], default_config_files=[])
        self.assertTrue(guest.rpc_own_account)
        self.assertNotIn(self.broker.password, guest.transport_url)

        # then its agent is called with what is in it,
        account = broker_accounts.Account(_A, guest.transport_url)
        own = self.connected(account.url, own=topic)
        self.listen(own, topic, accounts.Guest())
        call = self.client(self.control, topic).call
        self.assertEqual('well?', call({}, 'ask', what='well'))
        # and has no access to what another guest has.
        self.given_guest(_B)
        own, foreign = self.login(account), f'guestagent.{_B}'
        for action in 'basic_get', 'basic_consume', 'queue_purge':
            self.refused(own, action, foreign)
        for exchange in '', self.conf.control_exchange:
            self.refused(own, self.publish, exchange, foreign)

    def login(self, account):
        url = rpc.parse_url(self.conf, account.url)
        (host,) = url.hosts
        connection = amqp.Connection(
            f'{host.hostname}:{host.port}',
            userid=host.username,
            password=host.password,
            virtual_host=url.virtual_host,
            connect_timeout=60,
            read_timeout=120,
        )
        connection.connect()
        self.addCleanup(connection.close)
        return connection

    def publish(self, channel, exchange, key):
        channel.confirm_select()
        channel.basic_publish_confirm(
            amqp.Message('{}'), exchange=exchange, routing_key=key
        )

    def dead_letters(self, channel, exchange, key):
        """Have the broker itself send on what comes."""
        channel.queue_declare(
            f'reply_guestagent.{_A}_7',
            arguments={
                'x-dead-letter-exchange': exchange,
                'x-dead-letter-routing-key': key,
                'x-message-ttl': 0,
            },
        )

    def refused(self, connection, what, *arguments, **options):
        # The broker closes a channel on which it has refused something.
        channel = connection.channel()
        do = what if callable(what) else getattr(type(channel), what)
        with testtools.ExpectedException(amqp.AccessRefused):
            do(channel, *arguments, **options)
            self.fail(f'{what} {arguments} was not refused')

    def test_an_account_ends_with_its_connections(self):
        _, account = self.given_guest(_A)
        connection = self.login(account)
        self.assertEqual([_A], self.accounts.instances())

        self.assertTrue(self.accounts.delete(_A))

        self.assertEqual([], self.accounts.instances())
        self.assertFalse(self.accounts.delete(_A))
        with testtools.ExpectedException(amqp.ConnectionForced):
            connection.drain_events(timeout=120)

    def test_nothing_is_left_of_it(self):
        # Given what a guest has made at the broker, and another one,
        topic = f'guestagent.{_A}'
        guest, account = self.given_guest(_A)
        guest.connection.reach()
        connection = self.login(account)
        channel = connection.channel()
        channel.queue_declare(f'reply_{topic}_8', auto_delete=False)
        channel.exchange_declare(topic, 'direct', auto_delete=False)
        connection.close()
        self.given_guest(_B)

        # when its account is deleted, then all of that is, and no more.
        self.accounts.delete(_A)

        for kind in 'queues', 'exchanges':
            listed = self.accounts._ask('GET', kind).json()
            named = [each['name'] for each in listed]
            self.assertEqual([], [each for each in named if _A in each])
        self.assertIn(f'guestagent.{_B}', self.queues())

    def queues(self):
        """The sizes of the messages by queue."""
        return {
            each['name']: each.get('message_bytes', 0)
            for each in self.accounts._ask('GET', 'queues').json()
        }

    def test_it_fills_no_more_than_a_bound(self):
        # Given conductors that take no messages for a while, and a queue that
        # the guest itself does not empty,
        most, size = 4 * 1024 * 1024, 256 * 1024
        self.config(max_queue_bytes=most, group='guest_accounts')
        self.accounts = broker_accounts.Accounts(self.conf)
        guest, account = self.given_guest(_A)
        self.server.stop()
        self.server.wait()
        queue = self.conf.conductor_queue
        channel = self.login(account).channel()
        channel.confirm_select()
        own = f'guestagent.{_A}.{_A}'
        channel.queue_delete(own)
        channel.queue_declare(own, auto_delete=False)
        channel.exchange_declare(own, 'direct', auto_delete=False)
        channel.queue_bind(own, own, own)

        # when it sends without end, then the broker refuses it;
        message = amqp.Message('x' * size, delivery_mode=2)
        for exchange, key in ('openstack_guests', queue), (own, own):
            with testtools.ExpectedException(MessageNacked):
                for _ in range(2 * most // size):
                    channel.basic_publish_confirm(
                        message, exchange=exchange, routing_key=key
                    )
        # who has something to report learns that it was not taken;
        with testtools.ExpectedException(
            oslo_messaging.MessageDeliveryFailure
        ):
            self.client(guest, queue).cast({}, 'tell', what='news')
        # and orders pass, and their answers.
        call = self.client(self.control, f'guestagent.{_A}').call
        self.assertEqual('well?', call({}, 'ask', what='well'))

    def test_a_new_password_ends_the_old_one(self):
        topic = f'guestagent.{_A}'
        old = self.accounts.create(_A, topic)
        self.accounts.create(_A, topic)

        with testtools.ExpectedException(amqp.AccessRefused):
            self.login(old)

    def test_wrong_settings_are_told(self):
        self.config(management_password='wrong', group='guest_accounts')
        error = self.assertRaises(
            exception.BrokerError, self.accounts.create, _A, 'guestagent.a'
        )
        self.assertIn('[guest_accounts] management_user', str(error))

        self.config(
            management_url='http://127.0.0.1:1', group='guest_accounts'
        )
        refused = broker_accounts.Accounts(self.conf)
        error = self.assertRaises(
            exception.BrokerError, refused.create, _A, 'guestagent.a'
        )
        self.assertIn('no answer', str(error))

    def test_any_characters_do_in_the_address(self):
        # Given an account and a virtual host of odd names,
        name, vhost, password = 'ü@/:', 'v/h#?%;', 'p/w%;@:#?ü $1,[]'
        quoted = parse.quote(name, safe='')
        vquoted = parse.quote(vhost, safe='')
        put = self.accounts._put
        put(f'vhosts/{vquoted}')
        put(f'users/{quoted}', password=password, tags='')
        put(
            f'permissions/{vquoted}/{quoted}',
            configure='.*', write='.*', read='.*',
        )

        # when they are percent-encoded, then all works.
        pquoted = parse.quote(password, safe='')
        transport = self.connected(
            f'rabbit://{quoted}:{pquoted}@127.0.0.1:{self.broker.port}/'
            f'{vquoted}'
        )
        self.listen(transport, 'odd', accounts.Guest())
        transport.connection.reach()
        self.assertEqual(
            'a?', self.client(transport, 'odd').call({}, 'ask', what='a')
        )
