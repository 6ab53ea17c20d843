# SPDX-License-Identifier: Apache-2.0
"""The options of oslo.messaging that operators set, on a real RabbitMQ.

Each row of the table is tried by two task managers, two conductors and three
guest agents, each a process of its own, on one machine. The third guest has
an account of its own at the broker.
"""

from __future__ import annotations

from concurrent import futures
import configparser
import json
import pathlib
import subprocess
import sys
from typing import Any
from urllib import parse
import uuid

import fixtures

from trove.tests import base
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import tls_broker

_TASKMANAGER, _CONDUCTOR = 'taskmanager', 'trove-conductor'
_GUESTS = ('guestagent.g1', 'guestagent.g2', 'guestagent.g3')

#: Topic of each.
_TOPICS = {
    'tm1': _TASKMANAGER,
    'tm2': _TASKMANAGER,
    'con1': _CONDUCTOR,
    'con2': _CONDUCTOR,
    **{topic[-2:]: topic for topic in _GUESTS},
}

#: The topics that those of a topic send to.
_SENDS = {
    _TASKMANAGER: (_CONDUCTOR, *_GUESTS),
    _CONDUCTOR: (_TASKMANAGER, *_GUESTS),
    **dict.fromkeys(_GUESTS, (_CONDUCTOR,)),
}

#: Messages of each to each topic that it sends to.
_COUNT = 8


class Process(fixtures.Fixture):
    """A member: see ``member.py``."""

    def __init__(self, name: str, log: pathlib.Path) -> None:
        super().__init__()
        self.name = name
        self._log = log

    def _setUp(self) -> None:
        with self._log.open('ab') as log:
            self._popen = subprocess.Popen(
                [sys.executable, '-m', f'{__package__}.member', self.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self.addCleanup(self._end)

    def _end(self) -> None:
        self._popen.kill()
        self._popen.communicate()

    def order(self, *order: Any) -> Any:
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._popen.stdin.write(json.dumps(order) + '\n')
        self._popen.stdin.flush()
        result, error = json.loads(self._popen.stdout.readline())
        if error is not None:
            raise AssertionError(f'{self.name}, told to {order}:\n{error}')
        return result


class SettingsTest(base.TestCase):
    broker: tls_broker.Broker
    members: dict[str, Process]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        directory = fixtures.TempDir()
        directory.setUp()
        cls.addClassCleanup(directory.cleanUp)
        cls.directory = pathlib.Path(directory.path)
        cls.broker = tls_broker.shared()
        cls.members = {
            name: Process(name, cls.directory / f'{name}.log')
            for name in _TOPICS
        }
        for each in cls.members.values():
            each.setUp()
            cls.addClassCleanup(each.cleanUp)

    def setUp(self):
        super().setUp()
        for name in self.members:
            log = self.directory / f'{name}.log'
            start = log.stat().st_size
            self.addDetail(log.name, processes.log_detail(log, start))
        self.user, self.password = 'services', 'secret'
        self.guest_password = 'also secret'
        self.vhost = uuid.uuid4().hex
        self.guest_user = f'guest-{uuid.uuid4().hex}'
        self.hosts = [f'127.0.0.1:{self.broker.port}']

    def together(self, function):
        with futures.ThreadPoolExecutor(len(_TOPICS)) as pool:
            return list(pool.map(function, _TOPICS))

    def write(self, name, options, **default):
        parser = configparser.RawConfigParser()
        for key, value in default.items():
            # oslo.config would take a dollar sign for a reference.
            parser.set('DEFAULT', key, value.replace('$', '$$'))
        parser.read_dict({'oslo_messaging_rabbit': options})
        path = self.directory / f'{self.id()}-{name}.conf'
        with path.open('w') as target:
            parser.write(target)
        return str(path)

    def url(self, user, password):
        who = ':'.join(parse.quote(each, safe='') for each in (user, password))
        hosts = ','.join(f'{who}@{host}' for host in self.hosts)
        return f'rabbit://{hosts}/{parse.quote(self.vhost, safe="")}'

    def check(self, default=None, own_account=True, **options):
        """All of them understand each other, with these options."""
        self.options, self.default = options, default or {}
        self.own_account = own_account
        self.broker.make_vhost(self.vhost, self.user, self.password)
        self.broker.make_guest(
            self.vhost,
            self.guest_user,
            self.guest_password,
            self.default.get('control_exchange', 'openstack'),
            _GUESTS[2],
        )
        self.addCleanup(self.together, self.leave)
        self.together(self.join)
        self.assert_answers_reach_who_asked()
        self.assert_fanouts_reach_all()

    def join(self, name):
        url, more = self.url(self.user, self.password), {}
        if _TOPICS[name] in _GUESTS:
            more['guest_id'] = name
        if name == 'g3' and self.own_account:
            url = self.url(self.guest_user, self.guest_password)
            more['rpc_own_account'] = 'true'
        config = self.write(
            name, self.options, transport_url=url, **self.default, **more
        )
        self.members[name].order('join', config, _TOPICS[name])

    def leave(self, name):
        self.members[name].order('leave')

    def assert_answers_reach_who_asked(self):
        wrong = self.together(
            lambda name: self.members[name].order(
                'talk', _SENDS[_TOPICS[name]], _COUNT
            )
        )
        self.assertEqual([], sum(wrong, []))
        said = [
            f'{name} to {to}, {number}'
            for name, topic in _TOPICS.items()
            for to in _SENDS[topic]
            for number in range(_COUNT)
        ]
        waiting.until(
            lambda: len(sum(self.heard(), [])) >= len(said), 'all has come'
        )
        self.assertEqual(sorted(said), sorted(sum(self.heard(), [])))

    def assert_fanouts_reach_all(self):
        try:
            self.shout('to all of you')
        except waiting.TimedOut:
            # Who connects anew at that moment misses a fanout, which is kept
            # for nobody; it does not miss the next one.
            self.shout('once more')

    def shout(self, words):
        # Nobody shouts at a guest whose account is its own.
        guests = _GUESTS[:2] if self.own_account else _GUESTS
        for topic in (_TASKMANAGER, _CONDUCTOR, *guests):
            self.members['tm1'].order('shout', topic, words)
        others = len(_TOPICS) - len(_GUESTS) + len(guests)
        waiting.until(
            lambda: sum(words in each for each in self.heard()) == others,
            'the fanouts have reached all',
        )

    def heard(self):
        return self.together(lambda name: self.members[name].order('heard'))

    def test_defaults(self):
        self.check()

    def test_durable_queues(self):
        self.check(amqp_durable_queues=True)

    def test_quorum_queues(self):
        self.check(rabbit_quorum_queue=True)

    def test_queues_are_quorum_queues_all_of_them(self):
        self.check(
            rabbit_quorum_queue=True,
            rabbit_transient_quorum_queue=True,
            rabbit_quorum_delivery_limit=5,
            rabbit_quorum_max_memory_length=1000,
            rabbit_quorum_max_memory_bytes=10_000_000,
        )

    def test_queue_manager(self):
        # Guests of one host name, each in a machine of its own.
        self.check(use_queue_manager=True, hostname='same', processname='p')

        replies = [q for q in self.broker.names(self.vhost) if 'reply_' in q]
        self.assertEqual(len(_TOPICS), len(replies))
        for guest in _GUESTS[:2]:
            (own,) = (each for each in replies if f'{guest[-2:]}:p:' in each)
            self.assertNotIn('same', own)

    def test_streams_for_fanouts(self):
        # As Kolla Ansible sets them.
        self.check(
            rabbit_quorum_queue=True,
            rabbit_transient_quorum_queue=True,
            rabbit_stream_fanout=True,
            use_queue_manager=True,
            rabbit_qos_prefetch_count=1,
        )

    def test_tls_and_hosts_that_are_down(self):
        self.hosts = self.down(1) + [f'127.0.0.1:{self.broker.tls_port}']
        self.check(ssl=True, ssl_ca_file=self.broker.authority.path)

    def test_tls_with_certificates_of_clients(self):
        self.hosts = [f'127.0.0.1:{self.broker.tls_port}']
        certificate, key = self.broker.authority.issue(self.user)
        self.check(
            own_account=False,
            ssl=True,
            ssl_ca_file=self.broker.authority.path,
            ssl_cert_file=certificate,
            ssl_key_file=key,
            rabbit_login_method='EXTERNAL',
        )

    def test_several_hosts_of_which_one_is_up(self):
        self.hosts = self.down(3) + self.hosts
        self.check(kombu_failover_strategy='shuffle')

    def down(self, count):
        return [f'127.0.0.1:{ports.free_port()}' for _ in range(count)]

    def test_odd_characters_in_the_url(self):
        self.user = 'tr/ov@e:\xfc%'
        self.password = self.guest_password = '$p/a@s:s?w#o+r d%2F\xfc'
        self.vhost = f'/{self.vhost}/@:%2F\xfc'
        self.check()

    def test_names_of_their_own(self):
        self.check(
            amqp_auto_delete=True, default={'control_exchange': 'trove'}
        )

    def test_high_availability_of_old(self):
        self.check(
            rabbit_ha_queues=True,
            enable_cancel_on_failover=True,
            direct_mandatory_flag=False,
        )

    def test_heartbeats_in_a_thread(self):
        # The option is gone from oslo.messaging, but is in many files.
        self.check(
            heartbeat_in_pthread=True,
            heartbeat_timeout_threshold=10,
            heartbeat_rate=2,
        )

    def test_little_of_everything(self):
        self.check(
            heartbeat_in_pthread=False,
            heartbeat_timeout_threshold=0,
            rpc_conn_pool_size=1,
            conn_pool_min_size=1,
            rabbit_qos_prefetch_count=1,
            rabbit_interval_max=1,
            kombu_reconnect_delay=0,
            kombu_reconnect_splay=0.5,
            kombu_missing_consumer_retry_timeout=5,
            rabbit_transient_queues_ttl=60,
            default={
                'executor_thread_pool_size': '2',
                'rpc_response_timeout': '20',
            },
        )
