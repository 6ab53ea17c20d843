# SPDX-License-Identifier: Apache-2.0
"""Validation of the RabbitMQ options of oslo.messaging.

oslo.messaging detects wrong values only when it connects or declares a queue.
It then raises an error that stops a thread, or retries forever; some values
it ignores silently.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import importlib
import pathlib
import ssl
from typing import Any

from oslo_config import cfg

from trove.common import exception

GROUP = 'oslo_messaging_rabbit'

#: Drivers of oslo.messaging that these checks apply to.
_SCHEMES = ('rabbit', 'kombu')

#: Number of unacknowledged messages that RabbitMQ sends to a server; what the
#: server then accepts is bounded in trove/common/rpc/_broker/listener.py.
_PREFETCH = 64

#: Maximum prefetch count in AMQP.
_MOST_PREFETCH = 65_535

_FILES = ('ssl_ca_file', 'ssl_cert_file', 'ssl_key_file')

_OF_QUORUM = (
    'rabbit_quorum_delivery_limit',
    'rabbit_quorum_max_memory_length',
    'rabbit_quorum_max_memory_bytes',
)

#: Options of shared queues and exchanges; RabbitMQ compares the arguments.
SHARED = (
    'amqp_durable_queues',
    'amqp_auto_delete',
    'rabbit_quorum_queue',
    'rabbit_ha_queues',
    *_OF_QUORUM,
)

#: An option, whether its value is wrong, and the remedy.
Rule = tuple[str, Callable[[Any], bool], str]

_RULES: tuple[Rule, ...] = (
    (
        'kombu_compression',
        lambda o: bool(o.kombu_compression),
        'compressed messages are refused by every service and guest. Remove '
        'the option.',
    ),
    (
        'rabbit_ha_queues',
        lambda o: (
            o.rabbit_ha_queues
            and (o.rabbit_quorum_queue or o.rabbit_transient_quorum_queue)
        ),
        'quorum queues cannot be mirrored. Remove the option, or '
        'rabbit_quorum_queue and rabbit_transient_quorum_queue.',
    ),
    (
        'amqp_auto_delete',
        lambda o: o.amqp_auto_delete and o.rabbit_quorum_queue,
        'RabbitMQ does not delete quorum queues automatically. Remove the '
        'option, or rabbit_quorum_queue.',
    ),
    (
        'enable_cancel_on_failover',
        lambda o: (
            o.enable_cancel_on_failover
            and (o.rabbit_quorum_queue or o.rabbit_transient_quorum_queue)
        ),
        'RabbitMQ supports it for classic queues only. Remove the option.',
    ),
    (
        'rabbit_transient_quorum_queue',
        lambda o: (
            o.rabbit_stream_fanout and not o.rabbit_transient_quorum_queue
        ),
        'rabbit_stream_fanout requires it. Set it to true.',
    ),
    (
        'rabbit_qos_prefetch_count',
        lambda o: o.rabbit_stream_fanout and o.rabbit_qos_prefetch_count < 1,
        'rabbit_stream_fanout requires a number above 0.',
    ),
    (
        'rabbit_qos_prefetch_count',
        lambda o: not 0 <= o.rabbit_qos_prefetch_count <= _MOST_PREFETCH,
        f'use a number from 0 to {_MOST_PREFETCH}.',
    ),
    (
        'rpc_conn_pool_size',
        lambda o: o.rpc_conn_pool_size < o.conn_pool_min_size,
        'it must not be less than conn_pool_min_size.',
    ),
    (
        'heartbeat_rate',
        lambda o: o.heartbeat_rate < 1,
        'use a number above 0. heartbeat_timeout_threshold = 0 disables '
        'heartbeats.',
    ),
    (
        'rabbit_login_method',
        lambda o: o.rabbit_login_method == 'RABBIT-CR-DEMO',
        'the AMQP library does not support it. Use PLAIN, AMQPLAIN or '
        'EXTERNAL.',
    ),
    (
        'rabbit_login_method',
        lambda o: (
            o.rabbit_login_method == 'EXTERNAL'
            and not (o.ssl and o.ssl_cert_file)
        ),
        'the broker identifies the user by the client certificate. Set ssl to '
        'true, and ssl_cert_file and ssl_key_file.',
    ),
    (
        'ssl_cert_file',
        lambda o: o.ssl and o.ssl_key_file and not o.ssl_cert_file,
        'a certificate and its key belong together. Set both ssl_cert_file '
        'and ssl_key_file, or neither.',
    ),
    *(
        (
            name,
            lambda o, name=name: o.use_queue_manager and not o[name],
            'use_queue_manager names queues by it. Remove the option to use '
            'the default, or set it to a name.',
        )
        for name in ('hostname', 'processname')
    ),
    *(
        (
            name,
            lambda o, name=name: o[name] < 0,
            'use a number above 0, or 0 for no limit.',
        )
        for name in _OF_QUORUM
    ),
)

_HALF: tuple[Rule, ...] = (
    *(
        (
            name,
            lambda o, name=name: bool(o[name]) and not o.ssl,
            'is set, but ssl is not: messages cross the network unencrypted. '
            'Set ssl to true.',
        )
        for name in _FILES
    ),
    (
        'ssl_ca_file',
        lambda o: o.ssl and not o.ssl_ca_file,
        'is not set, so anybody on the network path can impersonate the '
        'message broker. Set it to the certificate of the authority that '
        'signed the certificate of the broker.',
    ),
    *(
        (
            name,
            lambda o, name=name: (
                o[name] > 0
                and not (
                    o.rabbit_quorum_queue or o.rabbit_transient_quorum_queue
                )
            ),
            'is set, but has no effect without rabbit_quorum_queue. Set that '
            'option, or remove this one.',
        )
        for name in _OF_QUORUM
    ),
    (
        'amqp_auto_delete',
        lambda o: bool(o.amqp_auto_delete),
        'is set: messages that wait for a service while it restarts are lost. '
        'Remove it.',
    ),
)


def set_defaults() -> None:
    """Override the defaults of oslo.messaging that do not fit Trove.

    An operator's value counts, wherever it comes from.
    """
    cfg.set_defaults(
        _driver().rabbit_opts, rabbit_qos_prefetch_count=_PREFETCH
    )


def check(conf: cfg.ConfigOpts, url: Any) -> None:
    """Validate the options, each by itself and in combination.

    :param url: a ``TransportURL``; its query counts more than ``conf``
    :raises trove.common.exception.ConfigurationError: they are not
    """
    if url.transport.partition('+')[0] not in _SCHEMES:
        return
    options = _options(conf, url)
    for name, wrong, remedy in _RULES:
        if wrong(options):
            raise _error(name, options[name], remedy)
    if options.ssl:
        _check_tls(options)


def half_set(conf: cfg.ConfigOpts, url: Any) -> Iterator[str]:
    """Warn of values that are valid but misleading."""
    if url.transport.partition('+')[0] not in _SCHEMES:
        return
    options = _options(conf, url)
    for name, half, remedy in _HALF:
        if half(options):
            yield f'[{GROUP}] {name} {remedy}'


def shared(conf: cfg.ConfigOpts, url: Any) -> dict[str, str]:
    """Return the options that services and guest agents must share.

    :param url: a ``TransportURL``, of the services
    """
    options = _options(conf, url)
    found = {name: options[name] for name in SHARED}
    return {name: str(value).lower() for name, value in found.items() if value}


def _driver() -> Any:
    # Not above, for it imports oslo.service: see trove/common/service.py.
    # There is no public way.
    return importlib.import_module('oslo_messaging._drivers.impl_rabbit')


def _options(conf: cfg.ConfigOpts, url: Any) -> Any:
    driver = _driver()
    conf.register_opts(driver.rabbit_opts, group=GROUP)
    conf.register_opts(driver.rpc_amqp.amqp_opts, group=GROUP)
    try:
        proxy = driver.rpc_common.ConfigOptsProxy(conf, url, GROUP)
        options = proxy[GROUP]
        for option in (*driver.rabbit_opts, *driver.rpc_amqp.amqp_opts):
            options[option.name]
    except cfg.NoSuchOptError as error:
        raise exception.ConfigurationError(
            option='[DEFAULT] transport_url',
            value='(not shown)',
            remedy=f'its query part sets {error.opt_name}, which is not an '
            f'option of [{GROUP}].',
        ) from None
    except (ValueError, cfg.ConfigFileValueError) as error:
        raise exception.ConfigurationError(
            f'An option of [{GROUP}], there or in transport_url, has an '
            f'invalid value: {error}'
        ) from None
    return options


def _check_tls(options: Any) -> None:
    version = options.ssl_version
    known = _driver().Connection._SSL_PROTOCOLS
    if version and version.lower() not in known:
        raise _error(
            'ssl_version', version, f"use one of {', '.join(sorted(known))}."
        )
    for name in _FILES:
        if options[name]:
            _check_readable(name, options[name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if options.ssl_ca_file:
        try:
            context.load_verify_locations(options.ssl_ca_file)
        except ssl.SSLError:
            raise _error(
                'ssl_ca_file',
                options.ssl_ca_file,
                'the file has no certificates in PEM format.',
            ) from None
    if options.ssl_cert_file:
        try:
            context.load_cert_chain(
                options.ssl_cert_file, options.ssl_key_file or None
            )
        except ssl.SSLError:
            raise _error(
                'ssl_cert_file',
                options.ssl_cert_file,
                'the file has no certificate in PEM format, or ssl_key_file '
                'is not its key.',
            ) from None


def _check_readable(name: str, path: str) -> None:
    try:
        pathlib.Path(path).read_bytes()
    except OSError as error:
        raise _error(
            name,
            path,
            f'the file cannot be read ({error.strerror}). It must be readable '
            'for the user that runs the service.',
        ) from None


def _error(name: str, value: Any, remedy: str) -> exception.ConfigurationError:
    return exception.ConfigurationError(
        option=f'[{GROUP}] {name}', value=value, remedy=remedy
    )
