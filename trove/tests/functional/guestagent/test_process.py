# SPDX-License-Identifier: Apache-2.0
"""The guest agent as a process, killed and left without its broker."""

from __future__ import annotations

import signal

from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api
from trove.guestagent import state as states
from trove.guestagent.datastores import base as datastores
from trove.guestagent.datastores import processes
from trove.tests.fixtures import conductors
from trove.tests.fixtures import processes as process_fixtures
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base


class ProcessTest(base.GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        # A prepared database that is meant to run, but does not
        driver = self.driver()
        driver.prepare(
            datastores.Preparation(
                memory_mb=256,
                databases=[{'_name': 'shop'}],
                users=[
                    {
                        '_name': 'clerk',
                        '_password': 'secret',
                        '_databases': [{'_name': 'shop'}],
                    }
                ],
            )
        )
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute('CREATE TABLE orders AS SELECT 1 AS number')
        driver.stop()
        states.save(
            self.place.state_dir / 'state.json',
            states.State(phase=states.READY),
        )

    def agent(self, transport_url: str) -> process_fixtures.Process:
        path = self.place.write_config_file(
            transport_url=transport_url, agent_heartbeat_time=1
        )
        return self.useFixture(
            process_fixtures.Process(
                'trove-guestagent',
                [
                    *process_fixtures.program('trove-guestagent'),
                    '--config-file',
                    str(path),
                ],
                self.place.path / 'agent.log',
            )
        )

    def database(self, other_than: int | None = None) -> int:
        """Wait until the customer is served, by another server."""

        def serves() -> int | None:
            pid = self.driver().pid()
            if pid in (None, other_than):
                return None
            with self.place.session('clerk', 'secret', 'shop') as session:
                session.execute('SELECT number FROM orders')
            return pid

        return waiting.until(
            serves,
            'the database serves',
            timeout=120,
            ignore=(self.store.error,),
        )

    def listen(
        self, url: str
    ) -> tuple[conductors.Conductor, rpc.Transport]:
        """Start a conductor; return it and the transport that it uses."""
        listener = conductors.Conductor()
        transport = rpc.Transport(
            self.conf,
            url=url,
            discover={
                'guestagent': lambda peer: api.API.interface.latest.name
            },
        )
        self.addCleanup(transport.close)
        server = transport.server(listener, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        return listener, transport

    def test_kills_and_a_broker_that_comes_late(self) -> None:
        # Given a broker that is away
        broker = self.useFixture(rabbitmq.VirtualHost())
        broker.stop()
        agent = self.agent(broker.url)
        # When the agent starts, as after a boot of its machine
        agent.start()
        # Then the database comes up
        first = self.database()
        # And comes back when its server is killed
        processes.send(first, signal.SIGKILL)
        second = self.database(other_than=first)
        # When the agent is killed, and nothing else
        processes.send(agent.pid, signal.SIGKILL)
        agent.wait()
        # Then the database does not notice
        self.assertEqual(second, self.database())
        # When the agent starts again, it takes up the same server
        agent.start()
        broker.start()
        listener, _ = self.listen(broker.url)
        self.assertTrue(listener.beat.wait(600))
        waiting.until(
            lambda: listener.payloads[-1]['service_status'] == 'healthy',
            'the database is reported',
            timeout=60,
        )
        self.assertEqual(second, self.driver().pid())
        # When the broker goes and comes
        broker.kill()
        listener.beat.clear()
        waiting.until(
            lambda: agent.logged('Could not send the heartbeat'),
            'the agent notices',
            timeout=120,
        )
        self.assertTrue(agent.alive)
        broker.start()
        # Then heartbeats come again
        listener.beat.clear()
        self.assertTrue(listener.beat.wait(600))
        # And a stop leaves the database alone
        self.assertEqual(0, agent.stop())
        self.assertEqual(second, self.database())

    def given_much(self) -> None:
        with self.place.session('clerk', 'secret', 'shop') as session:
            session.execute(
                'CREATE TABLE much AS SELECT sha512(i::text::bytea) '
                'FROM generate_series(1, 400000) AS i'
            )

    def test_a_backup_is_ended_by_the_next_agent(self) -> None:
        # Given an agent that makes a backup
        broker = self.useFixture(rabbitmq.VirtualHost())
        agent = self.agent(broker.url)
        agent.start()
        self.database()
        self.given_much()
        listener, transport = self.listen(broker.url)
        directory = self.place.path / 'store'
        api.API(transport, self.place.guest_id).create_backup(
            trove_context.make_admin_context(),
            {'id': 'b'},
            store={'driver': 'local', 'directory': str(directory)},
        )
        waiting.until(
            lambda: any(
                path.stat().st_size
                for path in directory.rglob('*.unfinished')
            ),
            'something is stored',
            interval=0.005,
        )
        # When it is killed, and comes back
        processes.send(agent.pid, signal.SIGKILL)
        agent.wait()
        self.assertEqual([], listener.failures)
        agent.start()
        # Then it tells, and nothing is left of it
        waiting.until(lambda: listener.failures, 'it is reported', timeout=120)
        self.assertIn('the guest agent ended', listener.failures[0][1])
        waiting.until(
            lambda: listener.backups[-1]['state'] == 'FAILED', 'it has ended'
        )
        self.assertEqual(
            [], [path for path in directory.rglob('*') if path.is_file()]
        )

    def test_a_missing_guest_info_is_said(self) -> None:
        agent = self.agent('kombu+memory://')
        agent.command = [
            *process_fixtures.program('trove-guestagent'),
            '--config-file',
            '/dev/null',
        ]
        agent.start()
        self.assertEqual(1, agent.wait())
        self.assertTrue(agent.logged('guest_info.conf'))
