# SPDX-License-Identifier: Apache-2.0
"""From a cast that a guest does not know to what the operator sees."""

from __future__ import annotations

from trove.common import context as trove_context
from trove.common import crypto
from trove.common import rpc
from trove.conductor import service as conductor_service
from trove.objects.instance import instances
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import processes as process_fixtures
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base as guests
from trove.tests.functional.guestagent import later
from trove.tests.unit.objects import base

SECRET = 'hush-hush'


class ReportsTest(base.TestCase):
    """A conductor with its database here, the guest agent as a process."""

    def setUp(self) -> None:
        super().setUp()
        self.broker = self.useFixture(rabbitmq.VirtualHost())
        self.config(
            transport_url=self.broker.url,
            service_report_interval=1,
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key=crypto.generate_key(),
            inst_rpc_key_encr_key=crypto.generate_key(),
        )
        self.instance = self.ready()
        self.place = guests.Place()
        self.place.guest_id = self.instance.id
        self.addCleanup(self.place.clean_up)
        key = instance_keys.create(self.conf, self.instance.id)
        transport = rpc.Transport(
            self.conf,
            {'guestagent': lambda peer: '1.99'},
            url=self.broker.url,
            keys=keys_fixture.Keys(None, key),
        )
        self.addCleanup(transport.close)
        self.sender = later.API(transport, self.instance.id)
        self.agent = self._agent(key)

    def _agent(self, key: str) -> process_fixtures.Process:
        path = self.place.write_config_file(
            transport_url=self.broker.url,
            agent_heartbeat_time=1,
            enable_secure_rpc_messaging=True,
            instance_rpc_encr_key=key,
            tenant_id=self.instance.tenant_id,
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

    def conductor(self) -> None:
        component = conductor_service.Conductor(self.conf)
        component.start()
        self.addCleanup(component.stop)

    def listening(self) -> None:
        self.agent.start()
        waiting.until(
            lambda: self.agent.logged(' started, '),
            'the agent has started',
            timeout=120,
        )

    def test_the_operator_sees_it_and_the_user_a_fault(self) -> None:
        # Given a guest that has got what it does not know, and was killed
        self.listening()
        self.sender.polish(
            trove_context.TroveContext(request_id='req-a', overwrite=False),
            users=[{'_name': 'joe', '_password': SECRET}],
        )
        directory = self.place.state_dir / 'rejected'
        waiting.until(lambda: list(directory.glob('*.json')), 'it is kept')
        self.agent.kill()
        # When
        self.conductor()
        self.agent.start()
        # Then it is written down, once and to be sent again
        (row,) = waiting.until(
            journal.list_, 'it is written down', timeout=120
        )
        self.assertEqual('polish', row.method)
        self.assertEqual('guestagent', row.interface)
        self.assertEqual(self.instance.id, row.instance_id)
        self.assertEqual('req-a', row.request_id)
        self.assertTrue(row.replayable)
        self.assertNotIn(SECRET, str(row.arguments))
        full = journal.full(self.conf, row.id)
        self.assertEqual(SECRET, full['arguments']['users'][0]['_password'])
        # And the instance has a fault
        fault = waiting.until(
            lambda: instances.get(self.admin, self.instance.id).fault,
            'there is a fault',
        )
        self.assertIn('polish', fault.message + fault.details)
        self.assertNotIn(SECRET, fault.message + fault.details)
        waiting.until(
            lambda: not list(directory.glob('*.json')),
            'the guest is rid of it',
        )
