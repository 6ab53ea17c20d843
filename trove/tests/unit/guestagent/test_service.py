# SPDX-License-Identifier: Apache-2.0
"""The guest agent as a component, with a datastore that is none."""

from __future__ import annotations

import pathlib
import threading
from unittest import mock

import fixtures

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import api
from trove.guestagent import early
from trove.guestagent import service
from trove.guestagent import state as states
from trove.guestagent.datastores import registry
from trove.tests import base
from trove.tests.unit.guestagent import fakes


class GuestAgentTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.config(guest_id='a-guest', datastore_manager='fake')
        self.config(
            group='guestagent',
            state_dir=str(
                pathlib.Path(self.useFixture(fixtures.TempDir()).path)
            ),
        )
        self.driver = fakes.Driver()
        self.addCleanup(self.driver.end)
        patch = mock.patch.dict(
            registry.DRIVERS, fake=lambda: lambda conf: self.driver
        )
        patch.start()
        self.addCleanup(patch.stop)
        self.transport = self.memory_transport()

    def agent(self, **arguments) -> service.GuestAgent:
        agent = service.GuestAgent(
            self.conf, transport=self.transport, **arguments
        )
        self.addCleanup(agent.stop)
        return agent

    def test_it_answers_until_it_is_stopped(self) -> None:
        agent = self.agent()
        agent.start()
        guest = api.API(self.transport, 'a-guest')
        context = trove_context.make_admin_context()
        self.assertTrue(guest.rpc_ping(context))
        agent.reload()
        agent.stop()
        # The transport was given, and is left open
        self.assertIsNotNone(self.transport.connection._transport)

    def test_an_older_version_is_announced_and_served(self) -> None:
        agent = self.agent(version='1.3')
        agent.start()
        self.assertEqual('1.3', agent._heartbeat._payload['rpc_version'])

    def test_the_machine_may_be_told_its_boot(self) -> None:
        for name, expected in (('a boot', 'a boot'), (None, states.boot_id())):
            self.config(group='guestagent', boot_name=name)
            agent = self.agent()
            agent.start()
            self.assertEqual(expected, agent._supervisor._boot)
            agent.stop()

    def test_without_an_instance_there_is_no_agent(self) -> None:
        self.config(guest_id=None)
        error = self.assertRaises(exception.ConfigurationError, self.agent)
        self.assertIn('guest_info.conf', str(error))

    def test_an_unknown_datastore_is_refused(self) -> None:
        self.config(datastore_manager='paper')
        error = self.assertRaises(
            exception.ConfigurationError, self.agent().start
        )
        self.assertIn('"paper"', str(error))
        self.assertIn('postgresql', str(error))

    def test_a_senseless_pin_is_refused(self) -> None:
        self.config(group='upgrade_levels', conductor='nonsense')
        self.assertRaises(exception.ConfigurationError, self.agent().start)

    def test_stopping_one_that_never_started(self) -> None:
        agent = self.agent()
        agent.reload()
        agent.stop()


class EarlyTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.begun: list[object] = []
        self.home = mock.Mock(is_foreign=False)
        patch = mock.patch.dict(early._HOMES, some=self.make)
        patch.start()
        self.addCleanup(patch.stop)

    def make(self, conf: object) -> mock.Mock:
        self.begun.append(conf)
        return self.home

    def test_only_if_it_is_allowed(self) -> None:
        for datastore, allowed in (
            ('some', False),
            ('other', True),
            ('some', True),
        ):
            self.config(datastore_manager=datastore)
            self.config(group='guestagent', initialize_early=allowed)
            thread = early.begin(self.conf)
            if thread is not None:
                thread.join()
        self.assertEqual([self.conf], self.begun)
        self.home.initialize.assert_called_once_with()

    def test_not_if_the_data_come_from_a_backup(self) -> None:
        self.config(datastore_manager='some')
        self.config(
            group='guestagent', initialize_early=True, restored=True
        )
        self.assertIsNone(early.begin(self.conf))
        self.assertEqual([], self.begun)

    def begin(self) -> threading.Thread | None:
        self.config(datastore_manager='some')
        self.config(group='guestagent', initialize_early=True)
        return early.begin(self.conf)

    def test_not_if_there_are_data_of_a_former_machine(self) -> None:
        self.home.is_foreign = True
        self.assertIsNone(self.begin())
        self.assertEqual('', self.logs.output)

    def test_an_error_is_left_to_the_order(self) -> None:
        # Given programs that are missing
        self.home.server.side_effect = OSError('no programs')
        self.assertIsNone(self.begin())
        self.assertIn('in advance: no programs', self.logs.output)
        # And given some that fail
        self.home.server.side_effect = None
        self.home.initialize.side_effect = OSError('no room')
        thread = self.begin()
        assert thread is not None
        thread.join()
        self.assertIn('in advance: no room', self.logs.output)
