# SPDX-License-Identifier: Apache-2.0
"""Servers of the local cloud with real guest agents and databases."""

import pathlib
import threading
import time

import fixtures
import psycopg

from trove.cloud import base as cloud_base
from trove.cloud.local import driver
from trove.cloud.local import processes
from trove.common import context as trove_context
from trove.common import rpc
from trove.guestagent import api as guestagent
from trove.standalone import guests
from trove.tests import base
from trove.tests.fixtures import conductors
from trove.tests.fixtures import rabbitmq
from trove.tests.fixtures import waiting

GUEST_ID = 'server-1'

MEMORY = 'kombu+memory://'


class Conductor(conductors.Conductor):
    """Keeps the newest status of the guest, and when it was sent."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()
        self.status = None
        self.sent = 0.0

    def heartbeat(self, context, instance_id, payload, sent=None):
        with self.lock:
            self.status = payload['service_status']
            self.sent = sent


class LocalServerTestCase(base.TestCase):
    """What the task manager does, without one."""

    #: Seconds for what a database does on a busy machine.
    TIMEOUT = 120

    def set_up(self, url, launcher=None):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        # Databases of a root-owned cloud run as another user.
        directory.chmod(0o755)
        self.config(
            group='cloud_local',
            state_dir=str(directory.resolve() / 'cloud'),
            network='127.97.0.0/16',
        )
        self.context = trove_context.make_admin_context()
        self.cloud = driver.LocalCloud(self.conf, launcher)
        self.addCleanup(self.delete)
        transport = rpc.Transport(
            self.conf, url=url, discover={'guestagent': lambda peer: '1.4'}
        )
        self.addCleanup(transport.close)
        self.conductor = Conductor()
        server = transport.server(self.conductor, host='conductor')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        self.guest = guestagent.API(transport, GUEST_ID)
        self.guest.create_queue()
        self.create(url)

    def create(self, url):
        volume = self.cloud.volumes.create(self.context, GUEST_ID, 1)
        server = self.cloud.compute.create_server(
            self.context,
            cloud_base.ServerSpec(
                GUEST_ID,
                'db',
                self.cloud.compute.get_flavor(self.context, '1'),
                volume_id=volume.id,
                files={
                    'guest_info.conf': '[DEFAULT]\n'
                    f'guest_id = {GUEST_ID}\n'
                    'datastore_manager = postgresql\n'
                    'tenant_id = p1\n',
                    'trove-guestagent.conf': '[DEFAULT]\n'
                    'enable_secure_rpc_messaging = false\n'
                    f'transport_url = {url}\n'
                    'agent_heartbeat_time = 1\n',
                },
            ),
        )
        self.address = server.addresses[0][0]
        self.guest.prepare(
            self.context,
            packages=[],
            databases=[{'_name': 'shop'}],
            memory_mb=512,
            users=[
                {
                    '_name': 'clerk',
                    '_host': '%',
                    '_password': 'secret',
                    '_databases': [{'_name': 'shop'}],
                }
            ],
        )
        self.wait_for_status('healthy')

    def delete(self):
        self.cloud.compute.delete_server(self.context, GUEST_ID)
        self.cloud.volumes.delete(self.context, GUEST_ID)

    def wait_for_status(self, word, since=0.0):
        def reported():
            with self.conductor.lock:
                # What was sent before may still be on its way.
                return (
                    self.conductor.status == word
                    and self.conductor.sent > since
                )

        waiting.until(reported, f'the guest reports {word}', self.TIMEOUT)

    def reboot(self):
        self.cloud.compute.reboot_server(self.context, GUEST_ID)
        self.wait_for_status('healthy', since=time.time())
        server = self.cloud.compute.get_server(self.context, GUEST_ID)
        self.assertEqual('ACTIVE', server.status, server.reason)

    def query(self, text):
        with psycopg.connect(
            host=self.address,
            dbname='shop',
            user='clerk',
            password='secret',
            autocommit=True,
        ) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else None

    def servers(self):
        """The postmasters that run, by process id."""
        volume = self.cloud.volumes.get(self.context, GUEST_ID)
        path = pathlib.Path(volume.mount_point, 'data', 'postmaster.pid')
        try:
            pid = int(path.read_text().split()[0])
        except FileNotFoundError:
            return []
        identity = processes.identify(pid)
        return [] if identity is None else [identity]

    def check_reboots(self):
        self.query('create table t (n int)')
        self.query('insert into t values (1)')
        first = self.servers()

        # While all of it runs.
        self.reboot()

        self.assertNotEqual(first, self.servers())
        self.assertEqual([(1,)], self.query('select n from t'))

        # When the database was stopped, as a resize does.
        self.guest.stop_db(self.context)
        self.assertEqual([], self.servers())

        self.reboot()

        self.assertEqual([(1,)], self.query('select n from t'))


class ProcessesTestCase(LocalServerTestCase):
    def test_a_reboot_brings_the_database_up(self):
        broker = self.useFixture(rabbitmq.VirtualHost())
        self.set_up(broker.url)

        self.check_reboots()


class ThreadsTestCase(LocalServerTestCase):
    def setUp(self):
        super().setUp()
        self.config(transport_url=MEMORY)
        self.launcher = guests.GuestThreads(self.conf)
        self.addCleanup(self.launcher.close)
        self.set_up(MEMORY, self.launcher)

    def test_a_reboot_brings_the_database_up(self):
        self.check_reboots()

    def test_a_restart_of_the_agent_alone_leaves_it_stopped(self):
        self.guest.stop_db(self.context)

        self.launcher.restart(GUEST_ID)

        self.wait_for_status('shutdown', since=time.time())
        self.assertEqual([], self.servers())
