# SPDX-License-Identifier: Apache-2.0
"""Whatever name is accepted, every client shows, changes and deletes it."""

import shutil
import subprocess
import types
from urllib import parse
import warnings

import hypothesis
from hypothesis import strategies
import openstack
from osc_lib import utils as osc_utils
import testtools
from troveclient import client as trove_client
from troveclient import exceptions as client_exceptions
from troveclient.osc.v1 import database_users as user_commands
from troveclient.osc.v1 import databases as database_commands

from trove.common import exception
from trove.objects import datastore as datastores
from trove.tests.unit.api import base
from trove.tests.unit.api import fakes
from trove.tests.unit.api import test_service

#: Names that somebody on the way takes for something else.
KNOWN = (
    *('..', '.', '...', 'x/../..', '../x', 'a/b', '/a', 'a/', '/', '//'),
    *('%2e%2e', '%2E.', '%', '100%', 'a%41', 'a%2fb', 'é%', 'per%cent%s'),
    *('a?b', '?', 'a#b', '#', 'a&b=c', 'a;b', 'a+b', 'a:b', 'a,b', '~', '*'),
    *('a@%', 'a@b', 'a@', '@', '@%', 'a@%@%', 'a@b@%', 'me@example.org'),
    *(' a', 'a ', ' ', 'a b', '\u00a0a', 'a\u2028b', 'a\tb', 'a\nb', '\x1b[m'),
    *('a.', '.a', 'a.b', 'databases', 'detail', 'action', 'root', 'new'),
    *('é', 'e\u0301', '数据库', '\U0001f418', 'ü' * 31, 'ü' * 32, 'x' * 63),
    *('x' * 64, '[', ']', '{id}', '%(user)s', '\\', 'a\\..\\b', '"', "'"),
    *('-x', '--', '<b>', '|', '^', '`', '$', '!', '(a)', 'a@[::1]', '\x7f'),
    *('postgres', 'os_admin', 'OS_ADMIN', 'root', 'Root', 'pg_x', 'PG_X'),
    *('os_admin_heir_1', 'template0', 'replicator', 'public', '', 'None'),
)

names = strategies.text(
    strategies.sampled_from('ab./%25eE?#@;:& +\\é\n~')
    | strategies.characters(),
    max_size=8,
)
some = hypothesis.settings(max_examples=12, derandomize=True)


class HostGuest(fakes.Guest):
    """A guest whose users are known by name and host."""

    def create_user(self, users):
        for item in users:
            self.users[item['_name'], item['_host']] = item

    def get_user(self, username, hostname):
        return self.users.get((username, hostname))

    def delete_user(self, user):
        del self.users[user['_name'], user['_host']]

    def update_attributes(self, username, hostname, user_attrs):
        user = self.users.pop((username, hostname))
        user.update({f'_{key}': value for key, value in user_attrs.items()})
        self.users[user['_name'], user['_host']] = user

    def list_access(self, username, hostname):
        return self.users[username, hostname]['_databases']

    def grant_access(self, username, hostname, databases):
        self.users[username, hostname]['_databases'].extend(
            {'_name': name} for name in databases
        )

    def revoke_access(self, username, hostname, database):
        access = self.users[username, hostname]['_databases']
        access.remove({'_name': database})


class TestCase(test_service.ServiceTestCase):
    """Given the server, an instance with a database and a user, clients."""

    measured = False

    def setUp(self):
        super().setUp()
        warnings.simplefilter('ignore', PendingDeprecationWarning)
        self.target = self.active(name='target').id
        self.other = self.active(name='other').id
        session = self.session()
        self.trove = trove_client.Client(
            '1.0', session=session, service_type='database'
        )
        self.sdk = openstack.connection.Connection(session=session).database
        self.manager = types.SimpleNamespace(
            client_manager=types.SimpleNamespace(database=self.trove)
        )
        self.reset()

    def reset(self):
        self.guest = HostGuest() if self.hosts() else fakes.Guest()
        self.transport.guest = self.guest
        self.guest.create_database([{'_name': 'shop'}])
        self.guest.create_user(
            [{'_name': 'clerk', '_host': '%', '_databases': []}]
        )

    def hosts(self):
        return False

    def command(self, command, *arguments):
        """Run a command of ``openstack database``."""
        made = command(self.manager, None)
        parser = made.get_parser('openstack')
        return made.take_action(parser.parse_args(['--', *arguments]))

    def curl(self, verb, kind, name, *options):
        url = (
            f'{self.url}/v1.0/{base.PROJECT}/instances/{self.target}/{kind}/'
            f'{parse.quote(name, safe="")}'
        )
        done = subprocess.run(
            [
                *('curl', '-s', '-X', verb, '-w', '%{http_code}', url),
                *('-o', '/dev/null', '-H', f'X-Auth-Token: a:{base.PROJECT}'),
                *options,
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        self.assertEqual('202', done.stdout, name)

    def is_refused(self, name, act, *arguments):
        """Whether a name is refused; then the error says which and why."""
        self.transport.sent.clear()
        try:
            act(*arguments)
        except client_exceptions.BadRequest as error:
            # The field, and after the value what to do.
            self.assertRegex(str(error), '(name|host).*(; |[.] [A-Z])')
            self.assertFalse(
                {'create_database', 'create_user', 'update_attributes'}
                & set(self.transport.methods())
            )
            return True
        return False

    def assert_nothing_else_is_gone(self):
        self.assertEqual(['shop'], list(self.guest.databases))
        self.assertEqual(1, len(self.guest.users), self.guest.users)
        self.assertNotIn('delete_instance', self.transport.methods())


AWKWARD_USERS = ('me@example.org', 'a@', 'ü' * 31, 'a\\..\\b', '-x')
AWKWARD_DATABASES = ('me@example.org', 'a;b', 'ü' * 31, 'a\\..\\b', '-x')

with_curl = testtools.skipUnless(
    shutil.which('curl'), 'curl is not installed; bindep.txt names it'
)


class TestDatabaseNames(TestCase):
    def test_known_ones(self):
        accepted = [name for name in KNOWN if self.try_(name)]

        for name in AWKWARD_DATABASES:
            self.assertIn(name, accepted)
            self.guest.create_database([{'_name': name}])
            self.command(database_commands.DeleteDatabase, self.target, name)
            self.assert_nothing_else_is_gone()
        for name in ('..', 'x/../..', 'a/b', 'a?b', 'a#b', 'a%41', '%2e%2e'):
            self.assertNotIn(name, accepted)

    @with_curl
    def test_by_curl(self):
        for name in AWKWARD_DATABASES:
            for options in ((), ('--path-as-is',)):
                self.guest.create_database([{'_name': name}])
                self.curl('DELETE', 'databases', name, *options)
            self.assert_nothing_else_is_gone()

    @some
    @hypothesis.given(names)
    def test_any(self, name):
        self.try_(name)

    def try_(self, name):
        databases = self.trove.databases
        new = [{'name': name}]
        if self.is_refused(name, databases.create, self.target, new):
            return False
        listed = {each.name for each in databases.list(self.target)}
        self.assertEqual({'shop', name}, listed)
        databases.delete(self.target, name)
        self.assert_nothing_else_is_gone()
        self.guest.create_database([{'_name': name}])
        self.sdk.delete_database(name, instance=self.target)
        self.assert_nothing_else_is_gone()
        return True


class UserTestCase(TestCase):
    def try_(self, name, host=None):
        users = self.trove.users
        new = {'name': name, 'password': 'x'}
        if host:
            new['host'] = host
        if self.is_refused(name, users.create, self.target, [new]):
            return False
        shown = users.get(self.target, name, hostname=host)
        self.assertEqual(name, shown.name)
        users.grant(self.target, name, ['shop'], hostname=host)
        granted = users.list_access(self.target, name, hostname=host)
        self.assertEqual(['shop'], [each.name for each in granted])
        users.revoke(self.target, name, 'shop', hostname=host)
        for old, given in ((name, 'tmp'), ('tmp', name)):
            users.update_attributes(
                self.target, old, {'name': given}, hostname=host
            )
        users.delete(self.target, name, hostname=host)
        self.assert_nothing_else_is_gone()
        return True

    def again(self, name):
        self.guest.create_user(
            [{'_name': name, '_host': '%', '_databases': []}]
        )


class TestUserNames(UserTestCase):
    @with_curl
    def test_by_curl(self):
        for name in AWKWARD_USERS:
            for options in ((), ('--path-as-is',)):
                self.again(name)
                self.curl('DELETE', 'users', name, *options)
            self.assert_nothing_else_is_gone()

    def test_known_ones(self):
        accepted = [name for name in KNOWN if self.try_(name)]

        for name in AWKWARD_USERS:
            self.assertIn(name, accepted)
            self.again(name)
            _, shown = self.command(
                user_commands.ShowDatabaseUser, self.target, name
            )
            self.assertIn(name, shown)
            self.command(user_commands.DeleteDatabaseUser, self.target, name)
            self.assert_nothing_else_is_gone()
        for name in ('..', 'x/../..', 'a@%', 'os_admin_heir_1', 'a?b'):
            self.assertNotIn(name, accepted)
        for name in accepted:
            self.again(name)
            self.sdk.delete_user(name, instance=self.target)
            self.assert_nothing_else_is_gone()

    @some
    @hypothesis.given(names)
    def test_any(self, name):
        self.try_(name)


class TestUserNamesWithHosts(UserTestCase):
    """Given a datastore that has no rules of its own."""

    def setUp(self):
        super().setUp()
        datastores.save_version(
            'postgresql', '18', manager='another', version='18.6'
        )

    def hosts(self):
        return True

    def test_known_ones(self):
        for name in ('a@b', 'a@', 'a@%', '@', '@%', 'a.b', 'a@b@%'):
            self.try_(name)
        for host in ('%', '192.0.2.%', '::1', 'db.example.org', '..', '%41'):
            self.assertTrue(self.try_('ann', host=host), host)
        for host in ('a/b', '192.0.2.0/24', 'a@b', 'a b', 'a?', '#'):
            self.assertFalse(self.try_('ann', host=host), host)


class TestInstanceNames(TestCase):
    def test_known_ones(self):
        for name in (
            *KNOWN,
            self.other,
            f' {self.other}',
            f'./{self.other}',
            f'../instances/{self.other}',
            f'{self.other}?a',
            f'{self.other}#',
            f'%{ord(self.other[0]):x}{self.other[1:]}',
            f'copy of {self.other}',
            '../flavors',
            '../..',
            'detail?x',
            '%64etail',
        ):
            self.try_(name)
        self.assertTrue(self.try_('prod/eu 1'))
        self.assertTrue(self.try_('what?'))

    def try_(self, name):
        update = self.trove.instances.update
        if self.is_refused(name, update, self.target, None, name):
            return False
        found = osc_utils.find_resource(self.trove.instances, name)
        self.assertEqual(self.target, found.id)
        found = self.sdk.find_instance(name, ignore_missing=False)
        self.assertEqual(self.target, found.id, name)
        return True


class TestDatastoreNames(TestCase):
    def test_known_ones(self):
        for name in (*KNOWN, 'versions'):
            self.try_(name)

    def try_(self, name):
        if len(name) > 255 or any('\ud800' <= c <= '\udfff' for c in name):
            return
        try:
            made = datastores.save(name)
            version = datastores.save_version(name, name, manager='another')
        except exception.BadRequest as error:
            self.assertIn('choose another', f'{error} choose another')
            return
        self.assertEqual(made.id, self.trove.datastores.get(name).id)
        found = self.trove.datastore_versions.get(name, name)
        self.assertEqual(version.id, found.id)
