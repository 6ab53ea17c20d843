# SPDX-License-Identifier: Apache-2.0
"""Options of oslo.messaging that make no sense, and what is said of them."""

from __future__ import annotations

import pathlib

import fixtures
from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import exception
from trove.common import rpc
from trove.tests import base
from trove.tests.fixtures import certificates

_QUORUM = 'rabbit_quorum_queue = true\n'
_TRANSIENT = 'rabbit_transient_quorum_queue = true\n'
_STREAM = 'rabbit_stream_fanout = true\n'
_EXTERNAL = 'rabbit_login_method = EXTERNAL\n'
_MANAGER = 'use_queue_manager = true\n'

#: What is in the group, and the option that is named.
REFUSED = (
    ('kombu_compression = gzip', 'kombu_compression'),
    (f'{_QUORUM}rabbit_ha_queues = true', 'rabbit_ha_queues'),
    (f'{_TRANSIENT}rabbit_ha_queues = true', 'rabbit_ha_queues'),
    (f'{_QUORUM}amqp_auto_delete = true', 'amqp_auto_delete'),
    (
        f'{_QUORUM}enable_cancel_on_failover = true',
        'enable_cancel_on_failover',
    ),
    (_STREAM, 'rabbit_transient_quorum_queue'),
    (
        f'{_STREAM}{_TRANSIENT}rabbit_qos_prefetch_count = 0',
        'rabbit_qos_prefetch_count',
    ),
    ('rabbit_qos_prefetch_count = -1', 'rabbit_qos_prefetch_count'),
    ('rabbit_qos_prefetch_count = 70000', 'rabbit_qos_prefetch_count'),
    ('rpc_conn_pool_size = 1', 'rpc_conn_pool_size'),
    ('heartbeat_rate = 0', 'heartbeat_rate'),
    ('rabbit_login_method = RABBIT-CR-DEMO', 'rabbit_login_method'),
    ('rabbit_login_method = none', 'login_method'),
    (_EXTERNAL, 'rabbit_login_method'),
    (f'{_EXTERNAL}ssl = true', 'rabbit_login_method'),
    (f'{_MANAGER}processname =', 'processname'),
    (f'{_MANAGER}hostname =', 'hostname'),
    ('rabbit_quorum_delivery_limit = -1', 'rabbit_quorum_delivery_limit'),
    ('rabbit_quorum_queue = perhaps', 'rabbit_quorum_queue'),
    ('ssl = true\nssl_version = SSLv1', 'ssl_version'),
    ('ssl = true\nssl_ca_file = /no/such/file', 'ssl_ca_file'),
    ('ssl = true\nssl_ca_file = {key}', 'ssl_ca_file'),
    ('ssl = true\nssl_key_file = {key}', 'ssl_cert_file'),
    (
        'ssl = true\nssl_cert_file = {certificate}\nssl_key_file = {other}',
        'ssl_cert_file',
    ),
    (
        'ssl = true\nssl_cert_file = {certificate}\nssl_key_file = /no/file',
        'ssl_key_file',
    ),
)

#: The same, of what is told, and works.
HALF = (
    ('ssl_ca_file = {certificate}', 'ssl_ca_file'),
    ('ssl = true', 'ssl_ca_file'),
    ('rabbit_quorum_delivery_limit = 3', 'rabbit_quorum_delivery_limit'),
    ('amqp_auto_delete = true', 'amqp_auto_delete'),
)

WHOLE = (
    '',
    f'{_QUORUM}{_TRANSIENT}{_STREAM}{_MANAGER}rabbit_quorum_delivery_limit=3',
    'rabbit_ha_queues = true\nenable_cancel_on_failover = true',
    'ssl = true\nssl_ca_file = {certificate}\n'
    'ssl_cert_file = {certificate}\nssl_key_file = {key}',
    'heartbeat_in_pthread = true',
)


class RabbitTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        authority = certificates.Authority(self.directory)
        certificate, key = authority.issue('own')
        _, other = authority.issue('other')
        self.files = {'certificate': certificate, 'key': key, 'other': other}

    def options(
        self, group: str = '', url: str = 'rabbit://mq', more: str = ''
    ) -> cfg.ConfigOpts:
        path = self.directory / 'trove.conf'
        path.write_text(
            f'[DEFAULT]\ntransport_url = {url}\n{more}\n'
            f'[oslo_messaging_rabbit]\n{group.format(**self.files)}\n'
        )
        conf = cfg.ConfigOpts()
        trove_conf.register_opts(conf)
        conf(['--config-file', str(path)], project='trove')
        return conf

    def half_set(self, conf: cfg.ConfigOpts) -> list[str]:
        rpc.check(conf)
        return rpc.Transport(conf).connection.half_set()

    def test_what_is_refused(self) -> None:
        for group, option in REFUSED:
            error = self.assertRaises(
                exception.ConfigurationError, rpc.check, self.options(group)
            )
            self.assertIn('[oslo_messaging_rabbit]', str(error))
            self.assertIn(option, str(error))

    def test_what_is_told(self) -> None:
        for group, option in HALF:
            (told,) = self.half_set(self.options(group))
            self.assertIn(f'[oslo_messaging_rabbit] {option} is', told)

    def test_what_is_whole(self) -> None:
        for group in WHOLE:
            self.assertEqual([], self.half_set(self.options(group)))

    def test_what_is_in_the_url_counts_more(self) -> None:
        conf = self.options(_QUORUM, 'rabbit://mq/?amqp_auto_delete=true')
        error = self.assertRaises(
            exception.ConfigurationError, rpc.check, conf
        )
        self.assertIn('amqp_auto_delete', str(error))

        more = '?rabbit_transient_quorum_queue=true'
        rpc.check(self.options(_STREAM, f'rabbit://mq/{more}'))

    def test_what_is_wrong_in_the_url(self) -> None:
        for url, word in (
            ('rabbit://u:secret@mq/?nonsense=1', 'nonsense'),
            ('rabbit://u:secret@mq/?heartbeat_rate=x', 'value'),
            ('amqp1://u:secret@mq/', 'amqp1'),
            ('kafka://u:secret@mq/', 'kafka'),
            ('rabit://u:secret@mq/', 'rabit'),
        ):
            error = self.assertRaises(
                exception.ConfigurationError, rpc.check, self.options(url=url)
            )
            self.assertIn('transport_url', str(error))
            self.assertIn(word, str(error))
            self.assertNotIn('secret', str(error))

    def test_exchanges_that_cannot_be(self) -> None:
        for name in '', 'amq.topic':
            conf = self.options(more=f'control_exchange = {name}')
            error = self.assertRaises(
                exception.ConfigurationError, rpc.check, conf
            )
            self.assertIn('control_exchange', str(error))

    def test_other_drivers(self) -> None:
        rpc.check(self.options('heartbeat_rate = 0', 'fake:/'))
