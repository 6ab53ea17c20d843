# SPDX-License-Identifier: Apache-2.0
"""trove-standalone: what a newcomer runs first."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import fixtures
from keystoneauth1 import session as keystone_session
from keystoneauth1 import token_endpoint
import psycopg
import requests
from troveclient.v1 import client as trove_client

from trove.cloud.local import processes as local_processes
from trove.cmd import standalone
from trove.tests import base
from trove.tests.fixtures import ports
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting

#: Loaded by Python when it starts: one user cannot reach the database.
UNREACHABLE = """
import psycopg
def connect(*args, connect=psycopg.connect, **kwargs):
    if kwargs.get('user') == 'clerk':
        raise psycopg.OperationalError('no way')
    return connect(*args, **kwargs)
psycopg.connect = connect
"""


class StandaloneTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        ).resolve()
        # Databases of a root-owned Trove run as another user.
        self.directory.chmod(0o755)
        self.state_dir = self.directory / 'state'
        self.port = ports.free_port()

    def left(self):
        """What still runs in the directory of this test."""
        return [
            local_processes.name(identity)
            for identity in local_processes.belonging_to(self.directory)
        ]

    def serve(self, **kwargs):
        process = processes.Process(
            'trove-standalone',
            [
                *processes.program('trove-standalone'),
                'serve',
                f'--state-dir={self.state_dir}',
                f'--port={self.port}',
            ],
            self.directory / f'serve-{len(os.listdir(self.directory))}.log',
            timeout=60,
            **kwargs,
        )
        process.ready = lambda: process.logged(standalone.READY)
        return self.useFixture(process)


class ServeTestCase(StandaloneTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.end_databases)

    def end_databases(self):
        local_processes.end(
            lambda: local_processes.belonging_to(self.directory),
            lambda _: signal.SIGQUIT,
            5,
        )

    @property
    def endpoint(self):
        return f'http://127.0.0.1:{self.port}/v1.0/demo'

    def client(self):
        auth = token_endpoint.Token(self.endpoint, 'admin')
        session = keystone_session.Session(auth=auth)
        self.addCleanup(session.session.close)
        return trove_client.Client(session=session, auth=auth)

    def create(self, client):
        instance = client.instances.create(
            'first',
            flavor_id='1',
            volume={'size': 1},
            databases=[{'name': 'shop'}],
            users=[
                {
                    'name': 'clerk',
                    'password': 'secret',
                    'databases': [{'name': 'shop'}],
                }
            ],
        )
        return self.wait_active(client, instance.id)

    def wait_active(self, client, instance_id):
        def settled():
            instance = client.instances.get(instance_id)
            # The server is shut down until the guest, which was started
            # again, has started it.
            waits = instance.status in ('BUILD', 'SHUTDOWN')
            return None if waits else instance

        instance = waiting.until(settled, 'the instance is active', 60)
        self.assertIn(
            instance.status,
            ('ACTIVE', 'HEALTHY'),
            getattr(instance, 'fault', None),
        )
        return instance

    @contextlib.contextmanager
    def database(self, instance):
        with psycopg.connect(
            host=instance.addresses[0]['address'],
            dbname='shop',
            user='clerk',
            password='secret',
            connect_timeout=60,
        ) as connection:
            yield connection

    def answers(self, instance):
        def read():
            with self.database(instance) as connection:
                return connection.execute('SELECT answer FROM t').fetchall()

        return waiting.until(
            read, 'the data are there', ignore=(psycopg.Error,)
        )

    def test_stopped_and_started_again_the_data_are_there(self):
        first = self.serve()
        first.start()
        instance = self.create(self.client())
        with self.database(instance) as connection:
            connection.execute('CREATE TABLE t AS SELECT 42 AS answer')

        first.signal(signal.SIGINT)

        self.assertEqual(0, first.wait())
        self.assertEqual([], self.left())

        second = self.serve()
        second.start()
        client = self.client()
        again = self.wait_active(client, instance.id)
        self.assertEqual(instance.addresses, again.addresses)

        self.assertEqual([(42,)], self.answers(again))
        self.assertEqual(0, second.stop())
        self.assertEqual([], self.left())

    def test_killed_it_finds_its_databases_again(self):
        first = self.serve()
        first.start()
        instance = self.create(self.client())
        with self.database(instance) as connection:
            connection.execute('CREATE TABLE t AS SELECT 42 AS answer')

        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        second = self.serve()
        second.start()

        client = self.client()
        self.wait_active(client, instance.id)
        self.assertEqual([(42,)], self.answers(instance))
        client.instances.delete(instance.id)
        waiting.until(
            lambda: not self.left_but(second), 'all is deleted', 120
        )
        self.assertEqual(0, second.stop())

    def left_but(self, process):
        return [
            identity
            for identity in local_processes.belonging_to(self.directory)
            if identity.pid != process.pid
        ]

    def test_the_lines_that_it_prints_can_be_pasted(self):
        process = self.serve()
        process.start()
        lines = [
            line.strip()
            for line in processes.tail(process.log).splitlines()
            if line.startswith('  ')
        ]

        def paste(*given):
            done = subprocess.run(
                ['/bin/sh', '-e', '-c', '\n'.join(given)],
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual('', done.stderr)
            self.assertEqual(0, done.returncode)
            return done.stdout

        export, create, show = lines
        paste(export, create)
        rows = json.loads(paste(export, f'{show} -f json'))

        self.assertEqual(['first'], [row['Name'] for row in rows])
        process.stop()
        self.assertEqual([], self.left())

    def test_metrics_are_at_the_port_of_the_api(self):
        process = self.serve()
        process.start()
        self.create(self.client())

        response = requests.get(
            f'http://127.0.0.1:{self.port}/metrics', timeout=60
        )

        self.assertEqual(200, response.status_code)
        lines = [
            line
            for line in response.text.splitlines()
            if 'method="create_instance"' in line
        ]
        for outcome in 'sent', 'received':
            (line,) = [x for x in lines if f'outcome="{outcome}"' in x]
            self.assertTrue(line.endswith(' 1.0'), line)
        process.stop()

    def test_a_second_one_on_the_same_state_is_refused(self):
        self.serve().start()
        self.port = ports.free_port()

        done = self.run_serve()

        self.assertEqual(1, done.returncode)
        self.assertIn('Another trove-standalone is using', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def test_a_port_that_is_taken_is_refused(self):
        self.serve().start()
        self.state_dir = self.directory / 'other'

        done = self.run_serve()

        self.assertEqual(1, done.returncode)
        self.assertIn(f'port {self.port}', done.stderr)
        self.assertIn('--port', done.stderr)
        self.assertNotIn('Traceback', done.stderr)

    def run_serve(self):
        return subprocess.run(
            [
                *processes.program('trove-standalone'),
                'serve',
                f'--state-dir={self.state_dir}',
                f'--port={self.port}',
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


class DemoTestCase(StandaloneTestCase):
    def demo(self, **variables):
        return subprocess.run(
            [*processes.program('trove-standalone'), 'demo'],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            env={**os.environ, 'TMPDIR': str(self.directory), **variables},
        )

    def test_all_steps_hold_and_nothing_is_left(self):
        done = self.demo()

        self.assertEqual('', done.stderr)
        self.assertEqual(0, done.returncode, done.stdout)
        number, total = re.findall(r'^\[ *(\d+)/(\d+)\]', done.stdout, re.M)[
            -1
        ]
        self.assertEqual(total, number)
        self.assertEqual(int(total), done.stdout.count('        ok, '))
        for words in (
            'restart: omitted reason',
            'restart: sent as of version 1.0',
            'get_diagnostics: refused',
            'needs version 1.4',
            'get_diagnostics: sent as of version 1.5',
            'and what came after the backups, are on',
            '8MB with the group',
            'the old primary, follows it',
            'Its version was',
        ):
            self.assertIn(words, ' '.join(done.stdout.split()))
        self.assertEqual([], os.listdir(self.directory))
        self.assertEqual([], self.left())

    def test_a_step_that_does_not_hold_makes_it_fail_and_clean_up(self):
        patches = self.directory / 'patches'
        patches.mkdir()
        (patches / 'sitecustomize.py').write_text(UNREACHABLE)

        done = self.demo(PYTHONPATH=str(patches))

        self.assertEqual(1, done.returncode, done.stdout)
        self.assertIn('FAILED: OperationalError: no way', done.stdout)
        self.assertIn('End of the log', done.stderr)
        self.assertEqual(['patches'], os.listdir(self.directory))
        self.assertEqual([], self.left())

    def test_interrupted_it_leaves_nothing(self):
        process = self.useFixture(
            processes.Process(
                'trove-standalone demo',
                [*processes.program('trove-standalone'), 'demo'],
                self.directory / 'demo.log',
                env={'TMPDIR': str(self.directory)},
                timeout=60,
            )
        )
        process.ready = lambda: process.logged('Instance ')
        process.start()

        process.signal(signal.SIGTERM)

        self.assertEqual(130, process.wait())
        self.assertEqual(['demo.log'], os.listdir(self.directory))
        self.assertEqual([], self.left())
