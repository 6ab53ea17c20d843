# SPDX-License-Identifier: Apache-2.0
"""Which option has to be changed when the message broker refuses something.

oslo.messaging says "unreachable" of a broker that has answered, and tries it
again without end. What RabbitMQ and OpenSSL say is text; the words below were
read off RabbitMQ 3.10 and OpenSSL 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
import re

from trove.common import exception
from trove.common import text

_RABBIT = '[oslo_messaging_rabbit]'
_URL = '[DEFAULT] transport_url'

#: Characters of what the broker said.
_MOST = 300

_SHARED = (
    'It was declared with another value before. All services and guest agents '
    'must use the same value. If it was changed on purpose, stop them, delete '
    'that queue or exchange, and start them again: see "The message broker" '
    'in the administration guide.'
)

#: Options by the name of what RabbitMQ compares.
_COMPARED = {
    'durable': 'amqp_durable_queues, rabbit_quorum_queue',
    'auto_delete': 'amqp_auto_delete',
    'x-queue-type': 'rabbit_quorum_queue',
    'x-expires': 'rabbit_transient_queues_ttl',
    'x-max-age': 'rabbit_transient_queues_ttl',
    'x-ha-policy': 'rabbit_ha_queues',
    'x-delivery-limit': 'rabbit_quorum_delivery_limit',
    'x-max-in-memory-length': 'rabbit_quorum_max_memory_length',
    'x-max-in-memory-bytes': 'rabbit_quorum_max_memory_bytes',
}

_INEQUIVALENT = re.compile(r"inequivalent arg '([\w-]+)' for (.*)")

#: Queues of one process, and the exchange of fanouts.
_TRANSIENT = re.compile(r"'(reply_|[^' ]*_fanout)")
_OF_TRANSIENT = 'rabbit_transient_quorum_queue, rabbit_stream_fanout'

#: What is said also while a broker or a cluster starts, before it has its
#: virtual hosts, users and permissions, or reaches who knows them.
_PASSES = re.compile(
    "Login was refused|vhost .*not found|vhost '.*' is down|access to vhost "
    '|ACCESS_REFUSED(?!.*(reserved prefix|default exchange))'
    '|EOF occurred in violation of protocol',
    re.IGNORECASE,
)

#: A pattern of the error, the option, and the remedy.
_SAID: tuple[tuple[str, str, str], ...] = (
    (
        "invalid property 'non-durable'",
        f'{_RABBIT} {_COMPARED["durable"]}',
        f'Quorum queues and their exchange must be durable. {_SHARED}',
    ),
    (
        "invalid property 'auto-delete'",
        f'{_RABBIT} amqp_auto_delete',
        'Quorum queues are not deleted automatically. Remove it.',
    ),
    (
        "invalid arg 'x-cancel-on-ha-failover'",
        f'{_RABBIT} enable_cancel_on_failover',
        'The broker supports it for classic queues only. Remove it.',
    ),
    (
        'mechanism EXTERNAL',
        f'{_RABBIT} rabbit_login_method',
        'The broker has no user with the name in ssl_cert_file, or its plugin '
        'rabbitmq_auth_mechanism_ssl is missing.',
    ),
    (
        'Login was refused',
        _URL,
        'The user does not exist at the broker, or the password is wrong.',
    ),
    (
        "couldn't find a mechanism|no acceptable .*mechanism",
        f'{_RABBIT} rabbit_login_method',
        'The broker does not offer this mechanism: see its auth_mechanisms.',
    ),
    (
        'vhost .*not found',
        _URL,
        'The broker has no such virtual host. Create it with "rabbitmqctl '
        'add_vhost", or correct the part of the URL after the last slash.',
    ),
    (
        "vhost '.*' is down",
        _URL,
        'The broker is recovering that virtual host, or failed to: see its '
        'log. "rabbitmqctl restart_vhost" retries.',
    ),
    (
        'access to vhost .*refused',
        _URL,
        'The user has no permissions there: grant them with "rabbitmqctl '
        'set_permissions".',
    ),
    (
        'reserved prefix|default exchange',
        '[DEFAULT] control_exchange',
        'RabbitMQ reserves that name. Choose another one, the same for all '
        'services and guest agents.',
    ),
    (
        'ACCESS_REFUSED',
        _URL,
        'Its user lacks a permission: the installation guide lists those of '
        'services and of guest agents. Or control_exchange differs from that '
        'of the others.',
    ),
    (
        'Hostname mismatch|IP address mismatch|not valid for',
        _URL,
        'The certificate of the broker does not match the host in the URL. '
        'Use the name in the certificate.',
    ),
    (
        'certificate has expired|not yet valid',
        _URL,
        'The certificate of the broker has expired or is not yet valid. Renew '
        'it, or correct the clock.',
    ),
    (
        'CERTIFICATE_VERIFY_FAILED',
        f'{_RABBIT} ssl_ca_file',
        'The certificate of the broker is not signed by any of these '
        'authorities. Add the certificate of the authority that signed it.',
    ),
    (
        'alert (certificate|unknown ca|bad cert|handshake fail)',
        f'{_RABBIT} ssl_cert_file',
        'The broker requires a client certificate signed by one of its own '
        'authorities.',
    ),
    (
        'EOF occurred in violation of protocol',
        f'{_RABBIT} ssl_cert_file',
        'The broker closed the connection during the handshake: usually it '
        'requires a client certificate signed by one of its own authorities. '
        'See its log.',
    ),
    (
        'WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|PACKET_LENGTH_TOO_LONG',
        f'{_RABBIT} ssl',
        'The port in transport_url does not speak TLS. Use the TLS port '
        '(usually 5671), or set it to false.',
    ),
    (
        'Received 0x15 |Received frame_end|invalid frame type 21',
        f'{_RABBIT} ssl',
        'The port in transport_url speaks TLS. Set it to true, or use the '
        'port without TLS (usually 5672).',
    ),
)


class MayPass(exception.ConfigurationError):
    """An option may be wrong, or the broker be about to start."""


def explain(
    error: BaseException,
) -> exception.ConfigurationError | None:
    """Name the option that an error of the driver is about.

    :param error: of oslo.messaging, kombu, py-amqp or TLS
    :returns: what to raise or to log instead, :class:`MayPass` where
        nothing may be wrong; None: it is about none
    """
    for each in _chain(error):
        said = _printable(each)
        compared = _INEQUIVALENT.search(said)
        if compared:
            return _told(_compared(compared[1], compared[2]), _SHARED, said)
        for pattern, option, remedy in _SAID:
            if re.search(pattern, said, re.IGNORECASE):
                return _told(option, remedy, said)
    return None


def _compared(argument: str, what: str) -> str:
    if argument == 'type' and what.startswith('exchange'):
        return '[DEFAULT] control_exchange'
    if argument in ('x-queue-type', 'durable') and _TRANSIENT.search(what):
        return f'{_RABBIT} {_OF_TRANSIENT}'
    return f'{_RABBIT} {_COMPARED.get(argument, argument)}'


def _told(option: str, remedy: str, said: str) -> exception.ConfigurationError:
    passes = _PASSES.search(said) is not None
    return (MayPass if passes else exception.ConfigurationError)(
        f'The message broker does not go along with {option}: {remedy} It '
        f'said: {said}'
    )


def _printable(error: BaseException) -> str:
    return text.printable(str(error).strip(), _MOST)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__
