# SPDX-License-Identifier: Apache-2.0
"""Errors of the message broker, as RabbitMQ and OpenSSL word them."""

from trove.common import rpc
from trove.tests import base

_406 = '(406) PRECONDITION_FAILED - '
_DIFFERS = f"Queue.declare: {_406}inequivalent arg '%s' for %s in vhost '/'"

SAID = {
    _DIFFERS % ('durable', "exchange 'openstack'"): 'amqp_durable_queues',
    _DIFFERS % ('durable', "queue 'taskmanager'"): 'amqp_durable_queues',
    _DIFFERS % ('durable', "queue 'reply_1'"): 'rabbit_transient_quorum_queue',
    _DIFFERS % ('durable', "exchange 'x_fanout'"): 'rabbit_stream_fanout',
    _DIFFERS % ('x-queue-type', "queue 'taskmanager'"): 'rabbit_quorum_queue',
    _DIFFERS % ('x-queue-type', "queue 'x_fanout'"): 'rabbit_stream_fanout',
    _DIFFERS % ('auto_delete', "queue 'taskmanager'"): 'amqp_auto_delete',
    _DIFFERS % ('x-expires', "queue 'reply_1'"): 'rabbit_transient_queues_ttl',
    _DIFFERS % ('x-ha-policy', "queue 'x'"): 'rabbit_ha_queues',
    _DIFFERS % ('x-delivery-limit', "queue 'x'"): (
        'rabbit_quorum_delivery_limit'
    ),
    _DIFFERS % ('type', "exchange 'openstack'"): 'control_exchange',
    _DIFFERS % ('x-new', "queue 'x'"): 'x-new',
    f"{_406}invalid property 'non-durable' for queue 'x'": 'durable_queues',
    f"{_406}invalid property 'auto-delete' for queue 'x'": 'auto_delete',
    f"{_406}invalid arg 'x-cancel-on-ha-failover' for queue 'x'": (
        'enable_cancel_on_failover'
    ),
    '(403) ACCESS_REFUSED - Login was refused using authentication mechanism '
    'AMQPLAIN.': 'transport_url',
    '(403) ACCESS_REFUSED - Login was refused using authentication mechanism '
    'EXTERNAL.': 'rabbit_login_method',
    "(403) ACCESS_REFUSED - access to exchange 'x' in vhost 'v' refused for "
    "user 'u'": 'transport_url',
    "(403) ACCESS_REFUSED - exchange name 'amq.x' contains reserved prefix "
    "'amq.*'": 'control_exchange',
    '(530) NOT_ALLOWED - vhost x not found': 'add_vhost',
    "(541) INTERNAL_ERROR - access to vhost 'v' refused for user 'u': vhost "
    "'v' is down": 'restart_vhost',
    "(530) NOT_ALLOWED - access to vhost 'v' refused for user 'u'": (
        'set_permissions'
    ),
    'certificate verify failed: Hostname mismatch, certificate is not valid '
    "for 'x'.": 'transport_url',
    '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate '
    'has expired (_ssl.c:1006)': 'Renew',
    '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed '
    'certificate in certificate chain (_ssl.c:1006)': 'ssl_ca_file',
    '[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate '
    'required (_ssl.c:2580)': 'ssl_cert_file',
    '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca (_ssl.c:2580)': (
        'ssl_cert_file'
    ),
    'EOF occurred in violation of protocol (_ssl.c:2427)': 'ssl_cert_file',
    '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)': (
        '[oslo_messaging_rabbit] ssl:'
    ),
}


#: What a broker says while it starts, and when nobody has made it.
MAY_PASS = (
    'Login was refused',
    *('add_vhost', 'set_permissions', 'restart_vhost'),
    *("access to exchange 'x'", 'EOF occurred'),
)


class ExplainingTest(base.TestCase):
    def test_what_a_broker_that_starts_says_may_pass(self):
        for said, option in SAID.items():
            explained = rpc.explain(OSError(said))

            may = any(each in str(explained) for each in MAY_PASS)
            self.assertEqual(
                may, isinstance(explained, rpc.MayPass), (said, option)
            )

    def test_the_option_is_named(self):
        for said, option in SAID.items():
            explained = rpc.explain(OSError(said))

            self.assertIsNotNone(explained, said)
            self.assertIn(option, str(explained).partition(' It said: ')[0])

    def test_what_is_about_none(self):
        for said in '[Errno 111] Connection refused', 'timed out', 'nonsense':
            self.assertIsNone(rpc.explain(OSError(said)))

    def test_what_is_behind_it(self):
        try:
            try:
                raise OSError('(530) NOT_ALLOWED - vhost x not found')
            except OSError as error:
                raise RuntimeError('It failed.') from error
        except RuntimeError as error:
            self.assertIn('transport_url', str(rpc.explain(error)))

    def test_what_it_said_is_cut_and_spelled_out(self):
        said = 'Login was refused\n' + 'x' * 1000

        explained = str(rpc.explain(OSError(said)))

        self.assertIn('refused\\nxxx', explained)
        self.assertLess(len(explained), 600)
