# SPDX-License-Identifier: Apache-2.0
"""trove-api as a server, with the clients that people use."""

import os
import pathlib
import socket
import subprocess
import sys
import warnings

import fixtures
from keystoneauth1 import session as ks_session
from keystoneauth1 import token_endpoint
import openstack
import requests
from troveclient import client as trove_client
from troveclient import exceptions as client_exceptions
from troveclient.v1 import client as _v1  # noqa: F401 - it warns

from trove.api import service
from trove.cmd import api as cmd_api
from trove.common import exception
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.tests.unit.api import base


class ServiceTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(bind_host='127.0.0.1', bind_port=0)
        self.service = service.API(self.conf, self.transport, self.cloud)
        self.addCleanup(self.service.stop)
        self.service.start()
        self.url = f'http://127.0.0.1:{self.service.port}'

    def session(self, user='alice'):
        session = ks_session.Session(
            auth=token_endpoint.Token(
                f'{self.url}/v1.0/{base.PROJECT}', f'{user}:{base.PROJECT}'
            )
        )
        self.addCleanup(session.session.close)
        return session


class TestService(ServiceTestCase):
    def test_it_serves(self):
        with requests.Session() as session:
            response = session.get(f'{self.url}/')

        self.assertEqual(200, response.status_code)
        self.assertIn('x-openstack-request-id', response.headers)

    def test_chunks(self):
        def body(size):
            yield b'{"instance": {"name": "'
            yield b'x' * size
            yield b'"}}'

        url = f'{self.url}/v1.0/{base.PROJECT}/instances'
        headers = {
            'X-Auth-Token': f'alice:{base.PROJECT}',
            'Content-Type': 'application/json',
        }
        with requests.Session() as session:
            small = session.post(url, data=body(3), headers=headers)
            large = session.post(url, data=body(200000), headers=headers)

        self.assertEqual(400, small.status_code)
        self.assertIn('flavorRef', small.json()['badRequest']['message'])
        self.assertEqual(413, large.status_code)
        self.assertEqual(413, large.json()['overLimit']['code'])

    def test_a_name_with_a_slash(self):
        instance = self.active()
        url = (
            f'{self.url}/v1.0/{base.PROJECT}/instances/{instance.id}'
            '/databases/a%2Fb'
        )
        self.guest.databases['a/b'] = {'_name': 'a/b'}
        with requests.Session() as session:
            response = session.delete(
                url, headers={'X-Auth-Token': f'alice:{base.PROJECT}'}
            )

        self.assertEqual(202, response.status_code, response.text)
        self.assertEqual({}, self.guest.databases)

    def test_a_port_that_is_taken(self):
        self.config(bind_port=self.service.port)
        second = service.API(self.conf, self.transport, self.cloud)
        self.addCleanup(second.stop)

        error = self.assertRaises(exception.ConfigurationError, second.start)

        self.assertIn('bind_port', str(error))

    def test_several_processes_share_what_comes_in(self):
        shared = service.API(self.conf, self.transport, self.cloud)
        self.addCleanup(shared.stop)

        shared.prepare()

        with socket.create_connection(('127.0.0.1', shared.port)) as client:
            shared.start()
            client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
            self.assertIn(b' 200', client.recv(12))
        shared.stop()
        shared.prepare()
        shared.stop()
        with socket.socket() as client:
            self.assertNotEqual(
                0, client.connect_ex(('127.0.0.1', shared.port))
            )

    def test_a_pin_that_is_wrong(self):
        self.config(guestagent='nonsense', group='upgrade_levels')
        second = service.API(self.conf, self.transport, self.cloud)
        self.addCleanup(second.stop)

        error = self.assertRaises(exception.ConfigurationError, second.start)

        self.assertIn('nonsense', str(error))

    def test_stopped_it_does_not_listen(self):
        self.service.reload()
        port = self.service.port
        self.service.stop()
        self.service.stop()
        self.service.reload()

        with socket.socket() as client:
            self.assertNotEqual(0, client.connect_ex(('127.0.0.1', port)))


class TestTroveClient(ServiceTestCase):
    def setUp(self):
        super().setUp()
        self.trove = trove_client.Client('1.0', session=self.session())
        self.admin = trove_client.Client('1.0', session=self.session('admin'))

    def test_instances(self):
        made = self.trove.instances.create(
            'db1',
            flavor_id='1',
            volume={'size': 1},
            databases=[{'name': 'shop'}],
            users=[
                {
                    'name': 'ann',
                    'password': 'pw',
                    'databases': [{'name': 'shop'}],
                }
            ],
            datastore='postgresql',
            datastore_version='18',
            nics=[{'net-id': self.version.id}],
            access={'is_public': False},
        )
        active = self.active()

        self.assertEqual('BUILD', made.status)
        self.assertEqual(2, len(self.trove.instances.list()))
        self.assertEqual(
            2, len(self.trove.instances.list(detailed=True, limit=2))
        )
        self.trove.instances.update(active.id, name='new', is_public=False)
        self.assertEqual('new', self.trove.instances.get(active.id).name)
        self.assertEqual(active.id, self.trove.instances.find(name='new').id)
        self.assertEqual(
            0.25, self.trove.instances.get(active.id).volume['used']
        )
        self.trove.instances.restart(active.id)
        error = self.assertRaises(
            client_exceptions.ClientException,
            self.trove.instances.resize_volume,
            active.id,
            2,
        )
        self.assertEqual(409, error.http_status)
        self.trove.instances.delete(active.id)
        self.assertIs(
            states.Task.DELETING,
            instances.get(self.context(), active.id).task,
        )

    def test_databases_users_and_root(self):
        it = self.active().id
        trove = self.trove
        trove.databases.create(it, [{'name': 'shop'}, {'name': 'a.b'}])
        trove.users.create(it, [{'name': 'a.n', 'password': 'pw'}])

        self.assertEqual(
            ['a.b', 'shop'], [d.name for d in trove.databases.list(it)]
        )
        trove.users.grant(it, 'a.n', ['shop'])
        self.assertEqual(
            ['shop'], [d.name for d in trove.users.list_access(it, 'a.n')]
        )
        trove.users.revoke(it, 'a.n', 'shop')
        self.assertEqual('a.n', trove.users.get(it, 'a.n', '%').name)
        trove.users.change_passwords(it, [{'name': 'a.n', 'password': 'x'}])
        trove.users.update_attributes(it, 'a.n', {'name': 'eve'})
        self.assertEqual(['eve'], [u.name for u in trove.users.list(it)])
        trove.users.delete(it, 'eve')
        trove.databases.delete(it, 'a.b')
        self.assertEqual(('root', 'made-up-by-guest'), trove.root.create(it))
        self.assertTrue(trove.root.is_root_enabled(it).rootEnabled)
        trove.root.delete(it)
        self.assertFalse(trove.root.is_root_enabled(it).rootEnabled)
        trove.root.create_instance_root(it, 'chosen')

    def test_the_rest(self):
        it = self.active().id
        trove, admin = self.trove, self.admin

        self.assertEqual('noop.tiny', trove.flavors.get('1').name)
        self.assertEqual(3, len(trove.flavors.list()))
        self.assertEqual('postgresql', trove.datastores.list()[0].name)
        self.assertEqual(
            '18', trove.datastore_versions.list('postgresql')[0].name
        )
        self.assertEqual(
            '18', trove.datastore_versions.get_by_uuid(self.version.id).name
        )
        self.assertEqual('ABSOLUTE', trove.limits.list()[0].verb)
        self.assertEqual(
            {'instances': 5}, admin.quota.update('p', {'instances': 5})
        )
        self.assertEqual(
            [5],
            [
                q.limit
                for q in admin.quota.show('p')
                if q.resource == 'instances'
            ],
        )
        self.assertEqual(
            [it], [i.id for i in admin.mgmt_instances.list(deleted=False)]
        )
        self.assertEqual(it, admin.mgmt_instances.show(it).id)
        self.assertEqual(
            'Never', admin.mgmt_instances.root_enabled_history(it).enabled
        )
        admin.mgmt_instances.reboot(it)


class TestOpenstackSdk(ServiceTestCase):
    def test_all_of_its_calls(self):
        # Of its own, which concern none of what is tested here.
        warnings.simplefilter('ignore')
        connection = openstack.connection.Connection(
            auth_type='admin_token',
            auth={
                'endpoint': f'{self.url}/v1.0/{base.PROJECT}',
                'token': f'alice:{base.PROJECT}',
            },
            database_endpoint_override=f'{self.url}/v1.0/{base.PROJECT}',
        )
        self.addCleanup(connection.close)
        proxy = connection.database
        self.addCleanup(proxy.session.session.close)
        active = self.active()

        made = proxy.create_instance(
            name='sdk',
            flavor='1',
            volume={'size': 1},
            datastore={'type': 'postgresql', 'version': '18'},
        )
        self.assertEqual('BUILD', made.status)
        self.assertEqual(2, len(list(proxy.instances())))
        proxy.create_database(active.id, name='shop')
        proxy.create_user(active.id, name='ann', password='pw')
        self.assertEqual(
            ['shop'], [d.name for d in proxy.databases(active.id)]
        )
        self.assertEqual(['ann'], [u.name for u in proxy.users(active.id)])
        proxy.delete_user('ann', active.id)
        proxy.delete_database('shop', active.id)
        proxy.update_instance(active.id, name='renamed')
        found = proxy.find_instance('renamed')
        self.assertEqual(active.id, found.id)
        self.assertEqual('root', found.enable_root_user(proxy)['name'])
        self.assertTrue(found.is_root_enabled(proxy))
        self.assertEqual('noop.small', proxy.get_flavor('2').name)
        self.assertEqual(3, len(list(proxy.flavors())))
        found.restart(proxy)
        self.assertEqual('restart', self.transport.sent[-1][0])


class TestResizeBySdk(ServiceTestCase):
    def test_volume(self):
        instance = self.active()
        url = f'{self.url}/v1.0/{base.PROJECT}/instances/{instance.id}'
        with requests.Session() as session:
            response = session.post(
                f'{url}/action',
                json={'resize': {'volume': 2}},
                headers={'X-Auth-Token': f'alice:{base.PROJECT}'},
            )

        self.assertEqual(202, response.status_code)


class TestEntryPoints(base.TestCase):
    def test_wsgi_application(self):
        folder = pathlib.Path(self.useFixture(base.TempDir()).path)
        path = folder / 'trove.conf'
        path.write_text(
            '[DEFAULT]\nauth_strategy = noauth\n'
            'enable_secure_rpc_messaging = false\n'
            '[cloud]\ndriver = noop\n'
            f'[database]\nconnection = {self.conf.database.connection}\n'
        )

        # A process of its own: the options are read once per process.
        process = subprocess.run(
            # The command line is the web server's.
            [sys.executable, '-c', _REQUEST, '--nonsense'],
            env={**os.environ, 'OS_TROVE_CONFIG_FILES': str(path)},
            capture_output=True,
            text=True,
        )

        self.assertEqual('200 OK\n200 OK\n', process.stdout, process.stderr)

    def test_command(self):
        runs = []
        self.useFixture(
            fixtures.MonkeyPatch('trove.conf.setup', lambda *args: None)
        )
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.common.service.run',
                lambda conf, component, workers: runs.append(
                    (component, workers)
                ),
            )
        )

        self.assertIsNone(cmd_api.main([]))
        self.config(trove_api_workers=3)
        cmd_api.main([])
        self.config(trove_api_workers=None)
        self.config(in_api=True, group='metrics')
        cmd_api.main([])

        self.assertIsInstance(runs[0][0].component, service.API)
        processors = len(os.sched_getaffinity(0))
        self.assertEqual(
            [min(processors, 4), 3, 1], [workers for _, workers in runs]
        )

    def test_command_with_a_wrong_option(self):
        folder = pathlib.Path(self.useFixture(base.TempDir()).path)
        path = folder / 'trove.conf'
        path.write_text(
            '[DEFAULT]\napi_paste_config = missing.ini\n'
            'trove_api_workers = 1\nauth_strategy = noauth\n'
            'enable_secure_rpc_messaging = false\n'
            f'[database]\nconnection = {self.conf.database.connection}\n'
        )

        # A process of its own: one that has threads left at its end is ended
        # with all that runs in it, here the tests that come after.
        process = subprocess.run(
            [sys.executable, '-m', 'trove.cmd.api', '--config-file', path],
            capture_output=True,
            text=True,
        )

        self.assertEqual(1, process.returncode, process.stderr)
        self.assertIn('missing.ini', process.stderr)


_REQUEST = """
import webob
from trove.api import wsgi
for path in ('/', '/v1.0/p/instances'):
    request = webob.Request.blank(path, headers={'X-Auth-Token': 'a:p'})
    print(request.get_response(wsgi.application).status)
"""
