# SPDX-License-Identifier: Apache-2.0
"""What a guest agent cannot take, with a real broker, kills and upgrades."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from trove.common import context as trove_context
from trove.common import crypto
from trove.common import rpc
from trove.tests.fixtures import conductors
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import processes as process_fixtures
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base
from trove.tests.functional.guestagent import later

SECRET = 'hush-hush'


class MessagesTest(base.GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.broker = self.useFixture(rabbitmq.VirtualHost())
        self.key = crypto.generate_key()
        self.config(enable_secure_rpc_messaging=True, probe_timeout=2)
        transport = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: '1.99'},
            url=self.broker.url,
            keys=keys_fixture.Keys(None, self.key),
        )
        self.addCleanup(transport.close)
        self.transport = transport
        self.sender = later.API(transport, self.place.guest_id)
        self.agent = self._agent()
        self.conductor = conductors.Conductor()

    def _agent(self) -> process_fixtures.Process:
        path = self.place.write_config_file(
            transport_url=self.broker.url,
            agent_heartbeat_time=1,
            probe_timeout=2,
            enable_secure_rpc_messaging=True,
            instance_rpc_encr_key=self.key,
            tenant_id='a-project',
        )
        with path.open('a') as stream:
            stream.write('[upgrade_levels]\nrefresh_interval = 1\n')
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

    def start_agent(self) -> None:
        self.agent.start()
        waiting.until(
            lambda: self.agent.logged(' started, '),
            'the agent has started',
            timeout=120,
        )

    def start_conductor(self, version: str | None = None) -> Any:
        server = self.transport.server(
            self.conductor, host='conductor', version=version
        )
        server.start()
        self.addCleanup(self.end, server)
        return server

    def end(self, server: Any) -> None:
        server.stop()
        server.wait()

    def polish(self) -> None:
        """Send what no guest of today can take."""
        self.sender.polish(
            trove_context.TroveContext(request_id='req-a', is_admin=True),
            users=[{'_name': 'joe', '_password': SECRET}],
        )

    def kept(self) -> list[dict[str, Any]]:
        found = []
        for path in (self.place.state_dir / 'rejected').glob('*.json'):
            # The agent may remove it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                found.append(json.loads(path.read_text()))
        return found

    def test_it_outlives_a_kill_until_a_conductor_has_it(self) -> None:
        # Given an agent, and no conductor
        self.start_agent()
        # When
        self.polish()
        # Then it is on the disk, and the agent may be killed
        (record,) = waiting.until(self.kept, 'it is kept', timeout=60)
        self.agent.kill()
        self.assertEqual('polish', record['rejection']['method'])
        self.assertNotIn(SECRET, json.dumps(record))
        # When agent and conductor come, one after the other
        self.start_agent()
        self.assertEqual([record], self.kept())
        self.start_conductor()
        # Then it is handed over, secrets and all, once
        waiting.until(
            lambda: self.conductor.rejected, 'it is reported', timeout=120
        )
        waiting.until(lambda: not self.kept(), 'it is gone')
        (said,) = self.conductor.rejected
        self.assertEqual(record['rejection']['id'], said['id'])
        self.assertEqual('version', said['cause'])
        self.assertEqual('req-a', said['request_id'])
        self.assertEqual(SECRET, said['arguments']['users'][0]['_password'])
        self.assertEqual([], self.conductor.failures)
        self.assertEqual(
            self.place.guest_id, self.conductor.contexts[0].sender
        )
        self.assertFalse(self.agent.logged(SECRET))

    def test_old_conductors_get_a_fault_and_new_ones_the_rest(self) -> None:
        # Given conductors as released
        old = self.start_conductor('1.0/stein')
        self.start_agent()
        # When
        self.polish()
        # Then
        waiting.until(
            lambda: self.conductor.failures, 'it is a fault', timeout=120
        )
        waiting.until(lambda: self.kept()[0]['told'], 'that is kept in mind')
        self.agent.kill()
        # When the conductors are upgraded while the agent is away
        self.end(old)
        self.start_conductor()
        self.start_agent()
        # Then
        waiting.until(
            lambda: self.conductor.rejected, 'it is reported', timeout=120
        )
        waiting.until(lambda: not self.kept(), 'it is gone')
        self.assertEqual(1, len(self.conductor.failures))
        self.assertTrue(self.conductor.rejected[0]['told'])

    def test_conductors_are_followed_down_and_up(self) -> None:
        # Given an operator who permits it, as before a roll-back
        self.conductor.held = True
        new = self.start_conductor()
        self.start_agent()
        self.wait_for_version('1.1')
        # When they are rolled back
        self.end(new)
        old = self.start_conductor('1.0')
        self.conductor.beat.clear()
        # Then heartbeats come again, in words that they know
        self.assertTrue(self.conductor.beat.wait(600))
        self.wait_for_version('1.0')
        # When they are upgraded
        self.end(old)
        self.start_conductor()
        self.wait_for_version('1.1', times=2)

    def wait_for_version(self, version: str, times: int = 1) -> None:
        waiting.until(
            lambda: (
                (self.place.path / 'agent.log')
                .read_text()
                .count(f'sending version {version} of')
                >= times
            ),
            f'the agent sends the conductors {version}',
            timeout=120,
        )
