# SPDX-License-Identifier: Apache-2.0
"""What released Trove serves, and this release does not."""

import json
import re
import uuid

from trove.api import absent
from trove.api import routes
from trove.db import models
from trove.db import session
from trove.tests.unit.api import base

#: Verbs and paths that release 26.0 serves, and clients ask for.
RELEASED = """
GET /datastores
GET DELETE /datastores/DATASTORE
GET /datastores/DATASTORE/versions
GET /datastores/DATASTORE/versions/VERSION
GET /datastores/DATASTORE/versions/VERSION/flavors
GET /datastores/DATASTORE/versions/VERSION/volume-types
GET /datastores/DATASTORE/versions/VERSION/parameters
GET /datastores/DATASTORE/versions/VERSION/parameters/work_mem
GET /datastores/versions/VERSION
GET /datastores/versions/VERSION/parameters
GET /datastores/versions/VERSION/parameters/work_mem
GET /flavors
GET /flavors/1
GET /limits
GET POST /instances
GET /instances/detail
GET PUT PATCH DELETE /instances/INSTANCE
POST /instances/INSTANCE/action
GET /instances/INSTANCE/backups
GET /instances/INSTANCE/configuration
GET POST /instances/INSTANCE/log
GET POST /instances/INSTANCE/ssl
GET POST /instances/INSTANCE/modules
DELETE /instances/INSTANCE/modules/MODULE
GET POST /instances/INSTANCE/databases
GET DELETE /instances/INSTANCE/databases/mine
GET POST PUT /instances/INSTANCE/users
GET PUT DELETE /instances/INSTANCE/users/me
GET PUT /instances/INSTANCE/users/me/databases
DELETE /instances/INSTANCE/users/me/databases/mine
GET POST DELETE /instances/INSTANCE/root
GET POST /clusters
GET POST DELETE /clusters/CLUSTER
GET /clusters/CLUSTER/instances/INSTANCE
GET POST DELETE /clusters/CLUSTER/root
GET POST /backups
GET DELETE /backups/BACKUP
GET POST DELETE /backup_strategies
GET POST /configurations
GET PATCH PUT DELETE /configurations/CONFIGURATION
GET /configurations/CONFIGURATION/instances
GET POST /modules
GET PUT DELETE /modules/MODULE
GET PUT /modules/MODULE/instances
GET /mgmt/instances
GET /mgmt/instances/INSTANCE
POST /mgmt/instances/INSTANCE/action
GET /mgmt/instances/INSTANCE/root
GET /mgmt/instances/INSTANCE/rpc_ping
GET /mgmt/instances/INSTANCE/diagnostics
GET /mgmt/instances/INSTANCE/hwinfo
POST /mgmt/instances/INSTANCE/upgrade
GET /mgmt/clusters
GET /mgmt/clusters/CLUSTER
POST /mgmt/clusters/CLUSTER/action
GET PUT /mgmt/quotas/PROJECT
GET POST /mgmt/datastore-versions
GET PATCH DELETE /mgmt/datastore-versions/VERSION
GET POST /mgmt/datastores/versions/VERSION/parameters
GET PUT DELETE /mgmt/datastores/versions/VERSION/parameters/work_mem
"""

NOUNS = {
    'BACKUP': lambda project, version: models.Backup(
        name='b', state='COMPLETED', tenant_id=project
    ),
    'CLUSTER': lambda project, version: models.Cluster(
        name='c',
        tenant_id=project,
        datastore_version_id=version,
        task_id=1,
    ),
    'CONFIGURATION': lambda project, version: models.Configuration(
        name='g', tenant_id=project, datastore_version_id=version
    ),
    'MODULE': lambda project, version: models.Module(
        name='m',
        tenant_id=project,
        type='ping',
        contents='',
        md5='',
    ),
}


def give_all(project, version, row_id):
    """Given an instance and one of each noun, all with the same id."""
    with session.writer() as db:
        for make in NOUNS.values():
            row = make(project, version)
            row.id = row_id
            db.merge(row)
        db.merge(models.Instance(id=row_id, tenant_id=project))


def released():
    for line in RELEASED.split('\n'):
        *verbs, path = line.split() or ['']
        for verb in verbs:
            yield verb, path


class TestReleased(base.TestCase):
    """Given something of each kind, as release 26.0 may leave it."""

    def setUp(self):
        super().setUp()
        self.mine = self.given(base.PROJECT)
        self.guest.databases['mine'] = {'_name': 'mine'}
        self.guest.users['me'] = {'_name': 'me', '_databases': []}

    def given(self, project):
        names = {
            'DATASTORE': 'postgresql',
            'VERSION': self.version.id,
            'PROJECT': project,
            'INSTANCE': self.active(project).id,
        }
        for noun, make in NOUNS.items():
            with session.writer() as db:
                row = make(project, self.version.id)
                db.add(row)
                db.flush()
                names[noun] = row.id
        return names

    def ask(self, verb, path, names, user='admin', **kwargs):
        for noun, name in names.items():
            path = path.replace(noun, name)
        return self.request(verb, path, user=user, **kwargs)

    def test_each_is_served_or_said_to_be_absent(self):
        absences = {(route.verb, route.path) for route in absent.ROUTES}
        table = (*routes.ROUTES, *absent.ROUTES)
        patterns = [
            (r, re.compile(re.sub(r'\\{\w+\\}', '[^/]+', re.escape(r.path))))
            for r in table
        ]
        met = set()
        for verb, path in released():
            asked = f'/project{path}'
            found = {
                (r.verb, r.path)
                for r, pattern in patterns
                if r.verb == verb and pattern.fullmatch(asked)
            }
            with self.subTest(f'{verb} {path}'):
                self.assertTrue(found)
            met |= found
        # And nothing else is said to be released Trove's.
        self.assertEqual(set(), absences - met)

    def test_absences(self):
        for route in absent.ROUTES:
            verb = route.verb
            path = self.example(route.path)
            with self.subTest(f'{verb} {path}'):
                response = self.ask(verb, path, self.mine)

                self.assert_fault(
                    response, 501, 'notImplemented', 'this release'
                )

    def example(self, path):
        """A path of the table, with the words of NOUNS for variables."""
        path = path.removeprefix('/{project_id}').replace('{name}', 'name')
        path = path.replace('{member_id}', 'INSTANCE')
        return re.sub(
            r'\{(\w+?)(_id)?\}', lambda found: found[1].upper(), path
        )

    def test_policy_comes_first(self):
        for route in absent.ROUTES:
            if 'datastore' in route.rule and 'mgmt' not in route.rule:
                continue
            path = self.example(route.path)
            with self.subTest(f'{route.verb} {path}'):
                response = self.ask(
                    route.verb,
                    path,
                    self.mine,
                    user='alice',
                    headers={'X-Roles': 'nobody'},
                )

                self.assertIn(response.status_code, (401, 403))

    def test_another_projects_is_not_there(self):
        theirs = self.given(base.OTHER_PROJECT)
        self.assert_not_found(theirs)

    def test_what_is_not_there(self):
        nothing = {noun: str(uuid.uuid4()) for noun in (*NOUNS, 'INSTANCE')}
        self.assert_not_found(nothing)

    def test_what_is_no_id(self):
        nothing = dict.fromkeys((*NOUNS, 'INSTANCE'), 'a-name')
        self.assert_not_found(nothing)

    def assert_not_found(self, names):
        for route in absent.ROUTES:
            path = self.example(route.path)
            if path.startswith('/mgmt') or not any(n in path for n in names):
                continue
            if not any(noun in path for noun in (*NOUNS, 'INSTANCE')):
                continue
            with self.subTest(f'{route.verb} {path}'):
                response = self.ask(
                    route.verb,
                    path,
                    {**self.mine, **names},
                    user='alice',
                )

                self.assert_fault(response, 404, 'itemNotFound')

    def bodies(self, names):
        """Bodies that name something, where they go, and what they name."""
        for path, body, noun in (
            (
                '/clusters/CLUSTER',
                {'shrink': [{'id': 'INSTANCE'}]},
                'INSTANCE',
            ),
            (
                '/clusters',
                {'cluster': {'configuration': 'CONFIGURATION'}},
                'CONFIGURATION',
            ),
            (
                '/instances',
                {'instance': {'name': 'n', 'replica_of': 'INSTANCE'}},
                'INSTANCE',
            ),
        ):
            told = json.dumps(body)
            for word in names:
                told = told.replace(word, names[word])
            with self.subTest(f'{path} {told}'):
                yield path, json.loads(told), noun

    def send(self, path, body):
        return self.ask('POST', path, self.mine, user='alice', json=body)

    def test_what_a_body_names_is_looked_for_first(self):
        theirs = self.given(base.OTHER_PROJECT)
        nothing = dict.fromkeys(self.mine, str(uuid.uuid4()))

        for path, body, _ in self.bodies(self.mine):
            response = self.send(path, body)

            # Replicas are not absent; they are looked for in the same way.
            expected = 200 if 'replica_of' in str(body) else 501
            self.assertEqual(expected, response.status_code, response.text)
        for names in theirs, nothing, dict.fromkeys(self.mine, 'no id'):
            for path, body, noun in self.bodies(names):
                response = self.send(path, body)

                self.assert_fault(response, 404, 'itemNotFound', names[noun])

    def test_what_a_body_names_is_a_text(self):
        for value in 1, ['x'], {'id': 'x'}, True:
            response = self.send(
                '/clusters', {'cluster': {'configuration': value}}
            )

            self.assert_refused(response, 'cluster.configuration')

    def test_datastores_that_are_not_there(self):
        for datastore in 'nosuch', {'type': 'nosuch'}:
            response = self.send(
                '/clusters', {'cluster': {'datastore': datastore}}
            )

            self.assert_fault(response, 404, 'itemNotFound', 'nosuch')

    def test_bodies_have_limits_where_nothing_is_done_with_them(self):
        for body, headers, code in (
            (b'{', {}, 400),
            (b'[]', {}, 400),
            (b'{"a": "' + b'x' * 200000 + b'"}', {}, 413),
            (b'{}', {'Content-Type': 'multipart/form-data'}, 415),
        ):
            response = self.client.simulate_post(
                f'/v1.0/{base.PROJECT}/clusters',
                body=body,
                headers={'X-Auth-Token': f'u:{base.PROJECT}', **headers},
            )

            self.assertEqual(code, response.status_code, response.text)


class TestEmptyLists(base.TestCase):
    def test_clusters(self):
        response = self.get('/clusters')

        self.assertEqual({'clusters': []}, response.json)
        response = self.get('/mgmt/clusters', user='admin')
        self.assertEqual({'clusters': []}, response.json)

    def test_there_are_some_all_the_same(self):
        with session.writer() as db:
            db.add(NOUNS['CLUSTER'](base.PROJECT, self.version.id))

        mine = self.get('/clusters')
        theirs = self.get('/clusters', project=base.OTHER_PROJECT)

        self.assert_fault(mine, 501, 'notImplemented', 'Clusters')
        self.assertEqual({'clusters': []}, theirs.json)
