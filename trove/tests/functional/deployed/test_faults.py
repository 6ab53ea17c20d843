# SPDX-License-Identifier: Apache-2.0
"""Parts of the deployment die, and come back."""

from __future__ import annotations

import signal
from typing import Any

import psutil
import requests
from troveclient import exceptions as trove_exceptions

from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import base


class FaultTestCase(base.DeployedTestCase):
    def wait_server(self, instance_id: str) -> None:
        waiting.until(
            self.server_directory(instance_id).exists, 'the server is made'
        )

    def settled(self, instance_id: str) -> Any:
        """Wait until an instance works, or says why it does not."""
        instance = self.wait(
            instance_id,
            lambda i: i.status == 'ERROR'
            or (i.status, i.operating_status) == ('ACTIVE', 'HEALTHY'),
            'works or has a fault',
        )
        if instance.status == 'ERROR':
            self.assertTrue(instance.fault['message'])
        return instance


class GuestTestCase(FaultTestCase):
    def agent(self, instance_id: str) -> psutil.Process:
        """The process of the guest agent, below its supervisor."""

        def find() -> psutil.Process | None:
            for process in self.processes_of(instance_id):
                if 'trove-supervisor' in process.cmdline():
                    children = process.children()
                    return children[0] if children else None
            return None

        return waiting.until(
            find,
            'the guest agent runs',
            ignore=(psutil.NoSuchProcess,),
        )

    def postmaster(self, instance_id: str) -> psutil.Process:
        return waiting.until(
            lambda: psutil.Process(self.postmaster_pid(instance_id)),
            'the database runs',
            ignore=(OSError, ValueError, psutil.Error),
        )

    def pings(self, instance_id: str) -> bool:
        path = f'/mgmt/instances/{instance_id}/rpc_ping'
        response, _ = self.admin.client.get(path)
        return bool(response.status_code == 204)


class TaskManagerTest(FaultTestCase):
    def test_killed_while_creating_another_ends_it(self) -> None:
        first, second = self.deployment.task_managers
        second.stop()
        instance = self.create('orphan')
        self.wait_server(instance.id)

        first.kill()
        second.start()

        # What the guest had no orders for yet is in nobody's memory.
        if self.settled(instance.id).status == 'ERROR':
            self.assertFalse(self.server_directory(instance.id).exists())
            self.assertEqual([], self.processes_of(instance.id))

    def test_killed_at_once_and_restarted(self) -> None:
        first, second = self.deployment.task_managers
        second.stop()
        instance = self.create('orphan')

        first.kill()
        first.start()

        self.settled(instance.id)

    def test_killed_once_the_guest_has_its_orders(self) -> None:
        first, second = self.deployment.task_managers
        second.stop()
        instance = self.create('orphan', databases=[{'name': 'mine'}])
        step = f'{instance.id}: create_instance: start the database'
        waiting.until(
            lambda: first.logged(step),
            'the guest has its orders',
        )

        first.kill()
        first.start()

        self.assertEqual('ACTIVE', self.settled(instance.id).status)
        databases = self.member.databases.list(instance.id)
        self.assertEqual(['mine'], [d.name for d in databases])

    def test_with_none_the_work_waits(self) -> None:
        for service in self.deployment.task_managers:
            service.stop()

        instance = self.create('patient')
        shown = self.member.instances.get(instance.id)
        self.assertEqual('BUILD', shown.status)
        self.deployment.mend()

        self.wait_active(instance.id)

    def test_stopped_while_creating_it_finishes_or_hands_over(self) -> None:
        first, second = self.deployment.task_managers
        second.stop()
        instance = self.create('graceful')
        self.wait_server(instance.id)

        first.signal(signal.SIGTERM)
        second.start()

        self.wait_active(instance.id)
        self.assertEqual(0, first.wait())

    def test_killed_while_deleting_the_instance_goes_all_the_same(
        self,
    ) -> None:
        first, second = self.deployment.task_managers
        instance = self.create_active('going')
        second.stop()

        self.member.instances.delete(instance.id)
        first.kill()
        second.start()

        def gone() -> bool:
            try:
                self.member.instances.get(instance.id)
            except trove_exceptions.NotFound:
                return True
            return False

        self.eventually(gone, 'the instance is gone')
        self.assertFalse(self.server_directory(instance.id).exists())
        self.assertEqual([], self.processes_of(instance.id))


class ConductorTest(FaultTestCase):
    def test_down_while_creating(self) -> None:
        self.deployment.conductor.stop()
        instance = self.create('unheard')
        self.wait_server(instance.id)
        self.assertEqual(
            'BUILD', self.member.instances.get(instance.id).status
        )

        self.deployment.conductor.start()

        self.wait_active(instance.id)

    def test_killed_and_back_it_hears_the_guests_again(self) -> None:
        instance = self.instance()

        self.deployment.conductor.kill()
        self.deployment.conductor.start()

        before = self.member.instances.get(instance.id).updated
        self.member.instances.restart(instance.id)
        after = self.wait_active(instance.id).updated
        self.assertNotEqual(before, after)


class BrokerTest(FaultTestCase):
    def refused(self) -> Any:
        """Ask for an instance while that cannot work; return the error."""
        return self.assertRaises(
            trove_exceptions.ClientException,
            self.member.instances.create,
            'refused',
            flavor_id=self.FLAVOR,
            volume={'size': 1},
            datastore=self.deployment.DATASTORE,
        )

    def test_gone_and_back(self) -> None:
        instance = self.instance()
        self.deployment.broker.kill()

        # What needs no messages works; the rest says what is wrong.
        names = {i.name for i in self.member.instances.list()}
        failure = self.refused()
        self.assertEqual(503, failure.http_status, failure)
        self.assertEqual(
            names, {i.name for i in self.member.instances.list()}
        )
        failure = self.assertRaises(
            trove_exceptions.ClientException,
            self.member.instances.restart,
            instance.id,
        )
        self.assertEqual(503, failure.http_status, failure)
        self.assertEqual(
            'ACTIVE', self.member.instances.get(instance.id).status
        )

        self.deployment.broker.start()

        self.eventually(
            lambda: self.member.databases.list(instance.id) is not None,
            'the guest answers again',
        )
        self.member.instances.restart(instance.id)
        self.wait_active(instance.id)

    def test_gone_while_creating(self) -> None:
        instance = self.create('interrupted')
        self.wait_server(instance.id)

        self.deployment.broker.kill()
        self.deployment.broker.start()

        self.assertEqual('ACTIVE', self.settled(instance.id).status)

    def test_gone_with_a_create_that_waits_in_it(self) -> None:
        for service in self.deployment.task_managers:
            service.stop()
        instance = self.create('waits')
        broker = self.deployment.broker
        broker.kill()
        broker.start()
        self.assertEqual(1, broker.queues()['taskmanager'])

        # Queues that are not durable would have lost it.
        broker.purge('taskmanager')
        self.deployment.mend()

        self.wait_active(instance.id)

    def test_not_there_at_the_start_of_the_services(self) -> None:
        self.deployment.broker.stop()
        for service in self.deployment.services:
            service.kill()
            service.start(wait=False)
        self.deployment.api.wait_ready()
        self.assertTrue(self.member.instances.list() is not None)

        self.deployment.broker.start()
        for service in self.deployment.services:
            service.wait_ready()

        self.create_active('late')


class DatabaseTest(FaultTestCase):
    def test_gone_and_back(self) -> None:
        instance = self.instance()
        self.deployment.database.server.stop()

        failure = self.assertRaises(
            trove_exceptions.ClientException,
            self.member.instances.get,
            instance.id,
        )
        self.assertIn(failure.http_status, (500, 503), failure)
        self.assertNotIn('pymysql', str(failure).lower())
        self.assertEqual(
            200, requests.get(self.deployment.url, timeout=60).status_code
        )
        self.deployment.database.server.start()

        self.wait_active(instance.id)
        self.create_active('afterwards')
        for service in self.deployment.services:
            self.assertTrue(service.alive, service.name)

    def test_gone_while_creating(self) -> None:
        instance = self.create('interrupted')
        self.wait_server(instance.id)

        self.deployment.database.server.stop()
        self.deployment.database.server.start()

        self.assertEqual('ACTIVE', self.settled(instance.id).status)


class GuestTest(GuestTestCase):
    def test_a_killed_agent_comes_back(self) -> None:
        instance = self.instance()
        agent = self.agent(instance.id)
        database = self.postmaster(instance.id)

        agent.kill()

        self.eventually(
            lambda: self.agent(instance.id).pid != agent.pid
            and self.pings(instance.id),
            'a new agent answers',
        )
        self.assertEqual(database, self.postmaster(instance.id))
        self.wait_active(instance.id)

    def test_a_killed_database_comes_back_with_its_data(self) -> None:
        instance = self.instance()
        login = self.member.root.create(instance.id)
        with self.connect(instance, *login) as connection:
            connection.execute('CREATE TABLE IF NOT EXISTS crashed (n int)')
            connection.execute('INSERT INTO crashed VALUES (7)')
        database = self.postmaster(instance.id)

        database.kill()

        self.eventually(
            lambda: self.connects(instance, *login),
            'the database answers again',
        )
        with self.connect(instance, *login) as connection:
            row = connection.execute('SELECT n FROM crashed').fetchone()
        self.assertEqual((7,), row)
        self.wait_active(instance.id)

    def test_a_silent_agent_is_named_in_the_error(self) -> None:
        instance = self.instance()
        agent = self.agent(instance.id)
        self.addCleanup(agent.resume)
        agent.suspend()

        failure = self.assertRaises(
            trove_exceptions.ClientException,
            self.member.databases.list,
            instance.id,
        )

        self.assertEqual(500, failure.http_status)
        self.assertIn(instance.id, str(failure))
        self.assertIn('did not answer', str(failure))
        agent.resume()
        self.eventually(
            lambda: self.member.databases.list(instance.id) is not None,
            'the agent answers again',
        )
