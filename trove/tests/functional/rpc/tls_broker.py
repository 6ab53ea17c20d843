# SPDX-License-Identifier: Apache-2.0
"""A real RabbitMQ with TLS, accounts and virtual hosts, for several tests."""

from __future__ import annotations

import atexit
import pathlib
from typing import Any

import fixtures

from trove.common import rpc
from trove.tests.fixtures import certificates
from trove.tests.fixtures import ports
from trove.tests.fixtures import rabbitmq

_TLS = """\
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {ca}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = AMQPLAIN
auth_mechanisms.3 = EXTERNAL
"""


class Broker(rabbitmq.RabbitMQ):
    """A broker with TLS, and any number of virtual hosts."""

    def _setUp(self) -> None:
        certificate, key = self.authority.issue('server', '127.0.0.1')
        self.tls_port = ports.free_port()
        self._config = _TLS.format(
            port=self.tls_port,
            ca=self.authority.path,
            certificate=certificate,
            key=key,
        )
        super()._setUp()

    def __init__(self, directory: pathlib.Path) -> None:
        super().__init__(
            management=True, plugins=['rabbitmq_auth_mechanism_ssl']
        )
        self.authority = certificates.Authority(directory)

    def put(self, *path: str, **values: Any) -> None:
        self.ask('PUT', *path, json=values)

    def names(self, vhost: str) -> list[str]:
        """The names of the queues."""
        return [each['name'] for each in self.ask('GET', 'queues', vhost)]

    def make_vhost(self, vhost: str, user: str, password: str) -> None:
        self.put('vhosts', vhost)
        self.put('users', user, password=password, tags='')
        self.put(
            'permissions', vhost, user, configure='.*', write='.*', read='.*'
        )

    def make_guest(
        self, vhost: str, user: str, password: str, exchange: str, topic: str
    ) -> None:
        allowed = rpc.permissions(exchange, topic)
        self.put('users', user, password=password, tags='')
        self.put(
            'topic-permissions',
            vhost,
            user,
            exchange=allowed.exchange,
            write='^$',
            read=allowed.bind,
        )
        self.put(
            'permissions',
            vhost,
            user,
            configure=allowed.configure,
            write=allowed.write,
            read=allowed.read,
        )

    def drop(self, vhost: str) -> int:
        """Close all connections to a virtual host; return how many."""
        # They are listed seconds after they were made.
        found = self.ask('GET', 'vhosts', vhost, 'connections')
        for each in found:
            self.ask('DELETE', 'connections', each['name'])
        return len(found)


_shared: list[Broker] = []


def shared() -> Broker:
    """One for all tests of the process; each makes a virtual host."""
    if not _shared:
        directory = fixtures.TempDir()
        directory.setUp()
        atexit.register(directory.cleanUp)
        made = Broker(pathlib.Path(directory.path))
        made.setUp()
        atexit.register(made.cleanUp)
        _shared.append(made)
    return _shared[0]
