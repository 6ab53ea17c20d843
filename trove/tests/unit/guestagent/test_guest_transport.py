# SPDX-License-Identifier: Apache-2.0
"""Messages of guest agents that share a broker, put together."""

from __future__ import annotations

import json
import pathlib
from typing import Any
from unittest import mock

import fixtures
from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import context as trove_context
from trove.common import crypto
from trove.guestagent import api
from trove.guestagent import service
from trove.guestagent import state as states
from trove.guestagent.datastores import registry
from trove.tests import base
from trove.tests.fixtures import conductors
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import waiting
from trove.tests.unit.guestagent import fakes


class Guest:
    """A guest agent with a key of its own, and who sends to it."""

    def __init__(self, test: MessagesTest, name: str) -> None:
        self.test = test
        self.name = f'{test.id()}.{name}'
        self.state_dir = pathlib.Path(test.useFixture(fixtures.TempDir()).path)
        self.key = crypto.generate_key()
        self.conf = cfg.ConfigOpts()
        trove_conf.register_opts(self.conf)
        self.conf([], project='trove', default_config_files=[])
        for option, value in {
            'guest_id': self.name,
            'datastore_manager': 'fake',
            'conductor_queue': test.id(),
            'instance_rpc_encr_key': self.key,
            'probe_timeout': 1,
        }.items():
            self.conf.set_override(option, value)
        self.conf.set_override(
            'state_dir', str(self.state_dir), group='guestagent'
        )
        states.save(
            self.state_dir / 'state.json', states.State(phase=states.READY)
        )
        self.sender = test.shared.sharing(
            test.conf, keys=keys_fixture.Keys(None, self.key)
        )
        self.agent: service.GuestAgent | None = None

    def start(self) -> service.GuestAgent:
        self.agent = service.GuestAgent(self.conf, transport=self.test.shared)
        self.test.addCleanup(self.agent.stop)
        self.agent.start()
        return self.agent

    def sealed(self, method: str, **arguments: Any) -> dict[str, Any]:
        """The arguments of a message as it goes over the wire."""
        request = self.sender.sealer.request(
            api.API.interface,
            self.name,
            method,
            '1.5',
            arguments,
            {'request_id': 'req-a'},
            True,
        )
        return request.arguments

    def cast(self, method: str, version: str, **arguments: Any) -> None:
        """Send this as it is."""
        topic = api.API.interface.topic(self.conf, self.name)
        self.sender.connection.client('').prepare(
            topic=topic, version=version
        ).cast({}, method, **arguments)

    def kept(self) -> list[dict[str, Any]]:
        return [
            json.loads(path.read_text())
            for path in (self.state_dir / 'rejected').glob('*.json')
        ]

    def cause(self) -> str:
        waiting.until(self.kept, 'it is kept')
        (record,) = self.kept()
        cause: str = record['rejection']['cause']
        return cause


class MessagesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.drivers: dict[str, fakes.Driver] = {}
        self.all_drivers: list[fakes.Driver] = []
        # After the agents, which would start them again.
        self.addCleanup(self._end)
        patch = mock.patch.dict(
            registry.DRIVERS, fake=lambda: self._driver
        )
        patch.start()
        self.addCleanup(patch.stop)
        self.config(enable_secure_rpc_messaging=True)
        self.shared = self.memory_transport()
        self.guest, self.other = Guest(self, 'a'), Guest(self, 'b')

    def _driver(self, conf: cfg.ConfigOpts) -> fakes.Driver:
        driver = self.drivers[conf.guest_id] = fakes.Driver(conf)
        self.all_drivers.append(driver)
        return driver

    def _end(self) -> None:
        for driver in self.all_drivers:
            driver.end()

    def databases(self) -> list[Any]:
        return [
            call
            for call in self.drivers[self.guest.name].calls
            if call[0] == 'create_databases'
        ]

    def test_each_opens_only_its_own(self) -> None:
        for guest in (self.guest, self.other):
            guest.start()
        sealed = self.other.sealed('create_database', databases=[])
        self.guest.cast('create_database', '1.5', **sealed)
        self.assertEqual('seal', self.guest.cause())
        self.assertEqual([], self.other.kept())
        self.assertEqual([], self.databases())

    def test_a_copy_is_refused_even_by_the_next_agent(self) -> None:
        # Given a message that was carried out
        agent = self.guest.start()
        sealed = self.guest.sealed('create_database', databases=[])
        self.guest.cast('create_database', '1.5', **sealed)
        waiting.until(self.databases, 'it is carried out')
        # When the agent is exchanged, and somebody sends it again
        agent.stop()
        self.guest.start()
        self.guest.cast('create_database', '1.5', **sealed)
        # Then
        self.assertEqual('replay', self.guest.cause())
        self.assertEqual([], self.databases())

    def test_what_a_later_release_sends_is_kept(self) -> None:
        self.guest.start()
        request = self.guest.sender.sealer.request(
            api.API.interface,
            self.guest.name,
            'polish',
            '1.99',
            {'shoes': 2},
            {'request_id': 'req-a'},
            True,
        )
        self.guest.cast('polish', '1.99', **request.arguments)
        self.assertEqual('version', self.guest.cause())
        (record,) = self.guest.kept()
        self.assertEqual({'shoes': 2}, record['rejection']['arguments'])
        self.assertEqual('req-a', record['rejection']['request_id'])

    def test_each_finds_out_for_itself_what_conductors_take(self) -> None:
        # Given conductors that know the key of one guest only
        conductor = conductors.Conductor()
        server = self.shared.sharing(
            self.guest.conf, keys=keys_fixture.Keys(None, self.guest.key)
        ).server(conductor, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        # When
        for guest in (self.guest, self.other):
            guest.start()
        # Then
        waiting.until(
            self.guest.agent._guest_transport.conductors.speaks,
            'one has its answer',
        )
        self.assertIsNone(
            self.other.agent._guest_transport.conductors.speaks()
        )

    def test_an_agent_without_its_state_seals_its_first_heartbeat(
        self,
    ) -> None:
        # Given conductors that know that the guest seals
        conductor = conductors.Conductor()
        keys = keys_fixture.Keys(None, self.guest.key)
        keys.proven.add(self.guest.name)
        rejected: list[Any] = []
        server = self.shared.sharing(
            self.guest.conf, keys=keys, rejected=rejected.append
        ).server(conductor, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        # When
        self.guest.start()
        # Then
        waiting.until(conductor.beat.is_set, 'it has reported')
        self.assertEqual([], rejected)
        self.assertNotIn(False, keys.sealed)

    def test_a_new_key_is_used_at_once(self) -> None:
        self.guest.start()
        key = crypto.generate_key()
        guest = api.API(
            self.guest.sender.sharing(
                self.conf,
                {'guestagent': lambda peer: '1.5'},
                keys=self.guest.sender.keys,
            ),
            self.guest.name,
        )
        context = trove_context.make_admin_context()
        guest.rotate_key(context, key=key)
        self.guest.sender.keys.keys = [key]
        self.assertTrue(guest.rpc_ping(context))
