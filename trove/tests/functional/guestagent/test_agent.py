# SPDX-License-Identifier: Apache-2.0
"""A whole guest agent within the test, over a message broker in memory."""

from __future__ import annotations

import itertools
import signal
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.guestagent import api
from trove.guestagent import service
from trove.guestagent.datastores import processes
from trove.tests.fixtures import conductors
from trove.tests.fixtures import waiting
from trove.tests.functional.guestagent import base


class AgentTest(base.GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.place.apply(self.conf)
        self.context = trove_context.make_admin_context()
        self.transport = self.memory_transport(
            discover={'guestagent': lambda peer: api.API.interface.latest.name}
        )
        self.conductor = conductors.Conductor()
        server = self.transport.server(self.conductor, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.guest = api.API(self.transport, self.place.guest_id)

    def start_agent(self) -> service.GuestAgent:
        agent = service.GuestAgent(self.conf, transport=self.transport)
        self.addCleanup(agent.stop)
        agent.start()
        return agent

    def prepare(self, **changes: Any) -> None:
        order = {
            'packages': [],
            'databases': [{'_name': 'shop'}],
            'memory_mb': 256,
            'users': [
                {
                    '_name': 'clerk',
                    '_host': '%',
                    '_password': 'secret',
                    '_databases': [{'_name': 'shop'}],
                }
            ],
        }
        self.guest.prepare(self.context, **(order | changes))

    def wait_for_status(self, word: str) -> None:
        waiting.until(
            lambda: self.conductor.statuses[-1:] == [word],
            f'the status is {word}',
            timeout=120,
            interval=0.02,
        )

    def assert_statuses(self, *expected: str) -> None:
        """Then these were reported, one after the other.

        On a busy machine a server may be "running", for it does not answer
        yet, before it is "healthy".
        """
        words = [w for w in self.conductor.statuses if w != 'running']
        found = [word for word, _ in itertools.groupby(words)]
        self.assertEqual(list(expected), found)

    def pid(self) -> int | None:
        return self.driver().pid()

    def wait_for_another(self, pid: int) -> int:
        return waiting.until(
            lambda: self.pid() not in (None, pid) and self.pid(),
            'another server runs',
            timeout=120,
            interval=0.02,
        )

    def test_from_nothing_to_a_customer_at_work(self) -> None:
        # Given
        self.start_agent()
        self.wait_for_status('new')
        # When
        self.prepare(root_password='top secret')
        # Then
        self.wait_for_status('healthy')
        self.assertEqual(
            ['new', 'building', 'healthy'], self.conductor.statuses
        )
        payload = self.conductor.payloads[-1]
        self.assertEqual(self.place.guest_id, payload['id'])
        self.assertEqual(api.API.interface.latest.name, payload['rpc_version'])
        self.assertTrue(payload['release'])
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))
        waiting.until(lambda: self.conductor.roots, 'root is reported')
        # When orders follow each other without waiting
        self.guest.create_database(
            self.context, databases=[{'_name': 'second'}]
        )
        self.guest.create_user(
            self.context,
            users=[
                {
                    '_name': 'helper',
                    '_password': 'x',
                    '_databases': [{'_name': 'second'}],
                }
            ],
        )
        self.guest.delete_user(self.context, user={'_name': 'clerk'})
        # Then they are carried out in that order
        found, after = self.guest.list_users(self.context, limit=10)
        self.assertEqual(['helper'], [user['_name'] for user in found])
        self.assertEqual('second', found[0]['_databases'][0]['_name'])
        self.assertIsNone(after)
        self.assertEqual([], self.conductor.failures)

    def test_the_database_may_be_made_before_it_is_ordered(self) -> None:
        # Given
        self.config(group='guestagent', initialize_early=True)
        self.start_agent()
        mark = self.place.state_dir / 'initializing'
        waiting.until(
            lambda: (
                (self.place.data_dir / 'PG_VERSION').exists()
                and not mark.exists()
            ),
            'the database is made',
            timeout=120,
        )
        made = (self.place.data_dir / 'PG_VERSION').stat().st_ino
        self.wait_for_status('new')
        self.assert_statuses('new')
        self.assertIsNone(self.pid())
        # When
        self.prepare()
        # Then
        self.wait_for_status('healthy')
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))
        found = (self.place.data_dir / 'PG_VERSION').stat().st_ino
        self.assertEqual(made, found)

    def test_every_call_is_answered(self) -> None:
        # Given
        self.start_agent()
        self.prepare()
        guest, context = self.guest, self.context
        # Then
        self.assertTrue(guest.rpc_ping(context))
        self.assertEqual(
            'clerk',
            guest.get_user(context, username='clerk', hostname='%')['_name'],
        )
        self.assertIsNone(
            guest.get_user(context, username='nobody', hostname='%')
        )
        guest.change_passwords(
            context,
            users=[{'name': 'clerk', 'host': '%', 'password': 'new'}],
        )
        guest.revoke_access(
            context, username='clerk', hostname='%', database='shop'
        )
        self.assertEqual(
            [], guest.list_access(context, username='clerk', hostname='%')
        )
        guest.grant_access(
            context, username='clerk', hostname='%', databases=['shop']
        )
        self.assertTrue(self.place.can_connect('clerk', 'new', 'shop'))
        self.assertFalse(guest.is_root_enabled(context))
        root = guest.enable_root(context)
        self.assertTrue(
            self.place.can_connect('root', root['_password'], 'postgres')
        )
        guest.disable_root(context)
        self.assertFalse(guest.is_root_enabled(context))
        guest.update_overrides(context, overrides={'work_mem': '7MB'})
        guest.apply_overrides(context, overrides={'work_mem': '7MB'})
        guest.reset_configuration(
            context, configuration={'config_contents': ''}
        )
        guest.mount_volume(context)
        guest.unmount_volume(context)
        guest.resize_fs(context, online=True)
        stats = guest.get_filesystem_stats(context, fs_path=None)
        self.assertGreater(stats['total'], stats['used'])
        self.assertGreater(guest.get_diagnostics(context)['vm_rss'], 0)
        hardware = guest.get_hwinfo(context)['hwinfo']
        self.assertGreater(hardware['mem_total'], 0)
        guest.delete_database(context, database={'_name': 'shop'})
        self.assertEqual([[], None], guest.list_databases(context))

    def test_stopped_stays_stopped_until_started(self) -> None:
        # Given
        agent = self.start_agent()
        self.wait_for_status('new')
        self.prepare()
        self.wait_for_status('healthy')
        # When
        self.guest.stop_db(self.context)
        # Then
        self.wait_for_status('shutdown')
        self.assertIsNone(self.pid())
        # And an agent that starts anew leaves it so
        agent.stop()
        self.start_agent()
        self.assertTrue(self.guest.rpc_ping(self.context))
        self.assertIsNone(self.pid())
        # When
        self.guest.start_db_with_conf_changes(
            self.context, config_contents='max_connections = 41\n'
        )
        # Then
        self.wait_for_status('healthy')
        with self.place.session('clerk', 'secret', 'shop') as session:
            found = session.execute('SHOW max_connections').fetchone()
        self.assertEqual(('41',), found)
        pid = self.pid()
        # When
        self.guest.restart(self.context, reason='a test')
        # Then
        self.assertNotIn(self.pid(), (None, pid))
        self.assert_statuses(
            'new', 'building', 'healthy', 'shutdown', 'healthy'
        )

    def test_a_killed_server_comes_back(self) -> None:
        # Given
        self.start_agent()
        self.prepare()
        self.wait_for_status('healthy')
        pid = self.pid()
        # When
        processes.send(pid, signal.SIGKILL)
        # Then
        self.wait_for_another(pid)
        self.wait_for_status('healthy')
        self.assertIn('The database has crashed', self.logs.output)
        self.assertTrue(self.place.can_connect('clerk', 'secret', 'shop'))

    def test_the_database_is_not_the_agents_prisoner(self) -> None:
        # Given
        agent = self.start_agent()
        self.prepare()
        self.wait_for_status('healthy')
        pid = self.pid()
        # When the agent stops, the database goes on
        agent.stop()
        self.assertEqual(pid, self.pid())
        # When the database ends meanwhile, the next agent starts it
        processes.send(pid, signal.SIGKILL)
        self.assertTrue(processes.wait_gone(pid, 30))
        self.start_agent()
        self.wait_for_another(pid)
        self.wait_for_status('healthy')

    def test_a_failed_prepare_is_reported(self) -> None:
        # Given something in the way
        self.place.data_dir.mkdir()
        (self.place.data_dir / 'precious').touch()
        self.start_agent()
        # When
        self.prepare()
        # Then
        self.wait_for_status('failed to spawn')
        waiting.until(lambda: self.conductor.failures, 'it is reported')
        notification, message, lines = self.conductor.failures[0]
        self.assertEqual(self.place.guest_id, notification['instance_id'])
        self.assertIn('is not empty', message)
        self.assertNotIn('secret', message + ''.join(lines))
        error = self.assertRaises(
            exception.Unprocessable, self.guest.list_users, self.context
        )
        self.assertIn('failed to spawn', str(error))
        # And it is repeated when the cause is gone
        (self.place.data_dir / 'precious').unlink()
        self.prepare()
        self.wait_for_status('healthy')

    def test_a_cast_that_fails_is_reported(self) -> None:
        # Given
        self.start_agent()
        self.prepare()
        # When
        self.guest.create_user(
            self.context,
            users=[{'_name': 'a\0b', '_password': 'hush', '_databases': []}],
        )
        # Then
        waiting.until(lambda: self.conductor.failures, 'it is reported')
        _, message, lines = self.conductor.failures[0]
        self.assertIn('could not create a user', message)
        self.assertIn('U+0000', message)
        self.assertNotIn('hush', message + ''.join(lines))

    def test_what_is_not_there_yet_is_refused(self) -> None:
        self.start_agent()
        self.prepare(cluster_config={'id': 'i'})
        waiting.until(lambda: self.conductor.failures, 'it is reported')
        self.assertIn('not supported', self.conductor.failures[0][1])
