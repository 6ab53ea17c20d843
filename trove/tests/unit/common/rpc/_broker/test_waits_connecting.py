# SPDX-License-Identifier: Apache-2.0
"""How a message broker of several hosts is reached."""

import kombu

from trove.common.rpc._broker import waits
from trove.tests import base
from trove.tests.fixtures import ports


class ConnectingTest(base.TestCase):
    def connection(self, hosts, ends=True):
        self.told = []
        self.ports = [ports.free_port() for _ in range(hosts)]
        made = kombu.Connection(
            ';'.join(f'amqp://127.0.0.1:{port}' for port in self.ports),
            failover_strategy='shuffle',
        )
        self.addCleanup(made.release)
        waits.limit_connecting(made, 6, self.told.append, ends=ends)
        return made

    def tried(self, connection, attempts):
        """The ports to which it tried to connect."""
        tried = []

        def note(error, interval):
            tried.append(connection.port)

        try:
            connection.ensure_connection(
                note, max_retries=attempts, interval_start=0, interval_step=0
            )
        except kombu.exceptions.OperationalError:
            tried.append(connection.port)
        return tried

    def test_each_attempt_tries_each_host(self):
        connection = self.connection(4)

        tried = self.tried(connection, 1)

        self.assertEqual(self.ports * 2, tried)

    def test_a_single_host(self):
        connection = self.connection(1)

        self.assertEqual(3 * self.ports, self.tried(connection, 2))
        self.assertEqual(6, connection.connect_timeout)

    def test_the_time_is_shared(self):
        connection = self.connection(3)

        self.assertEqual(2, connection.connect_timeout)
        connection.maybe_switch_next()
        self.assertEqual(2, connection.connect_timeout)

    def test_many_hosts_have_a_second_each(self):
        self.assertEqual(1, self.connection(12).connect_timeout)
