# SPDX-License-Identifier: Apache-2.0
"""Whatever a body or a query may hold is applied, or it is refused.

The table names each key of each schema, with an example and where the example
must turn up: in a message, in what is shown afterwards, or in the error. A
key that is in a schema and not in the table fails the test by its name.
"""

import json
import uuid

import sqlalchemy as sa

from trove.api import routes
from trove.db import models
from trove.db import session
from trove.objects import parameter as parameters
from trove.objects import quota
from trove.tests.unit.api import base
from trove.tests.unit.api import fates
from trove.tests.unit.api import fates_of_backups
from trove.tests.unit.api import fates_of_logs
from trove.tests.unit.api import fates_of_modules
from trove.tests.unit.api import fates_of_ssl
from trove.tests.unit.api import fates_of_versions as versions
from trove.tests.unit.api import test_absent

NETWORK = str(uuid.uuid4())
SUBNET = str(uuid.uuid4())
GROUP = fates.GROUP

_I = '/{project_id}/instances'
_II = _I + '/{instance_id}'
_UU = _II + '/users/{name}'

Applied, Refused = fates.Applied, fates.Refused
_under = fates.under
order = fates.order


def user(**changes):
    return {'name': 'bob', 'password': 'pw', **changes}


def _database(make, **more):
    return {
        'name': Applied(make({'name': 'kept', **more}), 'kept'),
        'character_set': Applied(
            make({'name': 'new', 'character_set': 'LATIN1'}), 'LATIN1'
        ),
        'collate': Applied(make({'name': 'new', 'collate': 'POSIX'}), 'POSIX'),
    }


def _user(make, databases):
    return {
        'name': Applied(make(user(name='carol')), 'carol'),
        'password': Applied(make(user(password='chosen')), 'chosen'),
        'host': Refused(make(user(host='192.0.2.9')), 400, '192.0.2.9'),
        **databases,
    }


FATES = {
    **fates.CONFIGURATIONS,
    **fates.USERS,
    **fates_of_backups.FATES,
    **fates_of_logs.FATES,
    **fates_of_modules.FATES,
    **fates_of_ssl.FATES,
    ('POST', _I): _under(
        'instance',
        {
            'name': Applied(order(name='mine'), 'mine'),
            'flavorRef': Applied(order(flavorRef='2'), '"id": "2"'),
            'flavor.id': Applied(
                {
                    'instance': {
                        'name': 'a',
                        'flavor': {'id': '2'},
                        'volume': {'size': 1},
                    }
                },
                '"id": "2"',
            ),
            'volume.size': Applied(
                order(volume={'size': 7}), '"volume_size": 7'
            ),
            'volume.type': Applied(
                order(volume={'size': 1, 'type': 'fast'}),
                '"volume_type": "fast"',
            ),
            'datastore.type': Refused(
                order(datastore={'type': 'oracle'}), 404, 'oracle'
            ),
            'datastore.version': Refused(
                order(datastore={'version': '99'}), 400, '99'
            ),
            'datastore.version_number': Refused(
                order(datastore={'version_number': '99.1'}), 400, ''
            ),
            **_under(
                'databases[]', _database(lambda one: order(databases=[one]))
            ),
            **_under(
                'users[]',
                _user(
                    lambda one: order(users=[one]),
                    {
                        'databases[].name': Applied(
                            order(
                                users=[user(databases=[{'name': 'x'}])],
                                databases=[{'name': 'x'}],
                            ),
                            '"_databases": [{"_name": "x"}]',
                        )
                    },
                ),
            ),
            'nics[].net-id': Applied(
                order(nics=[{'net-id': NETWORK}]), NETWORK
            ),
            'nics[].network_id': Applied(
                order(nics=[{'network_id': NETWORK}]), NETWORK
            ),
            'nics[].subnet_id': Applied(
                order(nics=[{'subnet_id': SUBNET}]), SUBNET
            ),
            'nics[].ip_address': Applied(
                order(nics=[{'subnet_id': SUBNET, 'ip_address': '10.0.0.7'}]),
                '10.0.0.7',
            ),
            'availability_zone': Applied(
                order(availability_zone='az1'), '"availability_zone": "az1"'
            ),
            'region_name': Refused(
                order(region_name='r2'), 501, 'region_name'
            ),
            'locality': Refused(order(locality='affinity'), 501, 'locality'),
            'access.is_public': Applied(
                order(access={'is_public': False}), '"is_public": false'
            ),
            'access.allowed_cidrs[]': Refused(
                order(access={'allowed_cidrs': ['10.0.0.0/8']}),
                501,
                'allowed_cidrs',
            ),
            'configuration': Applied(
                order(configuration=GROUP), '"overrides": {"ann": 7}'
            ),
            **fates_of_modules.NEW,
            'replica_count': Refused(order(replica_count=2), 400, 'count'),
            'replica_of': Refused(order(replica_of=GROUP), 400, 'flavorRef'),
            'restorePoint.backupRef': Applied(
                order(restorePoint={'backupRef': GROUP}),
                f'"backup_id": "{GROUP}"',
            ),
            **fates_of_backups.RESTORE_POINT,
        },
    ),
    ('PUT', _II): _under(
        'instance',
        {
            'name': Applied({'instance': {'name': 'mine'}}, 'mine'),
            'access.is_public': Applied(
                {'instance': {'access': {'is_public': False}}},
                '"is_public": false',
            ),
            'access.allowed_cidrs[]': Refused(
                {'instance': {'access': {'allowed_cidrs': ['10.0.0.0/8']}}},
                501,
                'allowed_cidrs',
            ),
            'configuration': Applied(
                {'instance': {'configuration': GROUP}},
                '"overrides": {"ann": 7}',
            ),
            'replica_of': Refused(
                {'instance': {'replica_of': ''}}, 400, 'not a replica'
            ),
            'slave_of': Refused(
                {'instance': {'slave_of': GROUP}}, 400, 'slave_of'
            ),
        },
    ),
    ('POST', _II + '/action'): {
        'restart': Applied({'restart': {}}, 'restart'),
        'resize.flavorRef': Applied(
            {'resize': {'flavorRef': '2'}}, 'resize_flavor'
        ),
        'resize.volume.size': Applied(
            {'resize': {'volume': {'size': 5}}}, '"new_size": 5'
        ),
        'reset_status.force_delete': Applied(
            {'reset_status': {'force_delete': True}}, '"ERROR"'
        ),
        'promote_to_replica_source': Refused(
            {'promote_to_replica_source': {}}, 400, 'not a replica'
        ),
        'eject_replica_source': Refused(
            {'eject_replica_source': {}}, 400, 'no replicas'
        ),
    },
    ('POST', '/{project_id}/mgmt/instances/{instance_id}/action'): {
        'reboot': Applied({'reboot': {}}, 'reboot'),
        'stop': Applied({'stop': {}}, 'stop_db'),
        'reset-task-status': Applied({'reset-task-status': {}}, '"ACTIVE"'),
        'migrate.host': Applied({'migrate': {'host': 'h'}}, 'migrate'),
        'rebuild.image_id': Applied(
            {'rebuild': {'image_id': GROUP}}, 'rebuild'
        ),
    },
    ('PUT', '/{project_id}/mgmt/quotas/{project}'): {
        'quotas.*': Applied({'quotas': {'volumes': 4321}}, '4321'),
    },
    ('POST', _II + '/root'): {
        'password': Applied({'password': 'chosen'}, 'chosen'),
    },
    ('POST', _II + '/databases'): {
        **_under('databases[]', _database(lambda one: {'databases': [one]})),
        **_under('database', _database(lambda one: {'database': one})),
    },
    ('POST', _II + '/users'): _under(
        'users[]',
        _user(
            lambda one: {'users': [one]},
            {
                'databases[].name': Applied(
                    {'users': [user(databases=[{'name': 'shop'}])]},
                    '"_databases": [{"_name": "shop"}]',
                )
            },
        ),
    ),
    ('PUT', _II + '/users'): _under(
        'users[]',
        {
            'name': Refused({'users': [user(name='nobody')]}, 404, 'nobody'),
            'password': Applied(
                {'users': [user(name='ann', password='chosen')]}, 'chosen'
            ),
            'host': Refused(
                {'users': [user(name='ann', host='192.0.2.9')]},
                400,
                '192.0.2.9',
            ),
        },
    ),
    ('POST', _UU): _under(
        'users',
        {
            'name': Refused({'users': user(name='other')}, 400, 'other'),
            'password': Applied({'users': {'password': 'chosen'}}, 'chosen'),
            'host': Refused(
                {'users': {'password': 'pw', 'host': '192.0.2.9'}},
                400,
                '192.0.2.9',
            ),
            'databases[].name': Applied(
                {'users': {'password': 'pw', 'databases': [{'name': 'shop'}]}},
                '"_databases": [{"_name": "shop"}]',
            ),
        },
    ),
}

FATES |= versions.FATES


def keys(schema, path=''):
    """Yield the path of each key of a schema that has none below it."""
    below = []
    for name, each in schema.get('properties', {}).items():
        below.append((f'{path}.{name}' if path else name, each))
    if isinstance(schema.get('items'), dict):
        below.append((f'{path}[]', schema['items']))
    if isinstance(schema.get('additionalProperties'), dict):
        below.append((f'{path}.*', schema['additionalProperties']))
    if not below:
        yield path
    for name, each in below:
        yield from keys(each, name)


class TestFates(base.TestCase):
    def test_each_key_of_each_schema_has_a_fate(self):
        forgotten, gone = [], []
        for route in routes.ROUTES:
            known = set(FATES.get((route.verb, route.path), ()))
            there = set()
            if route.schema is not None:
                there = set(keys(route.schema.schema))
            where = f'{route.verb} {route.path}'
            forgotten += [f'{where}: {key}' for key in sorted(there - known)]
            gone += [f'{where}: {key}' for key in sorted(known - there)]

        self.assertEqual([], forgotten, 'Say in FATES what becomes of these.')
        self.assertEqual([], gone, 'No schema has these any more.')

    def test_what_is_said_is_true(self):
        self.config(storage_strategy='local', storage_drivers=['local'])
        self.config(group='certificates', driver='directory')
        self.transport.on_send = self.change_encryption
        fates.given_another_state(self.guest)
        self.guest_version = '1.5'  # Others need tokens of users.
        for (verb, path), keys_ in FATES.items():
            instance = self.active()
            for key, fate in keys_.items():
                if path.endswith(('/action', '/backups')):
                    instance = self.active()
                self.check(instance, verb, path, key, fate)

    def given_group(self):
        """Given a parameter, and a group that has it and no instance."""
        parameters.save(self.version.id, [fates.ANN])
        test_absent.give_all(base.PROJECT, self.version.id, GROUP)
        with session.writer() as db:
            query = sa.update(models.Instance)
            db.execute(query.values(configuration_id=None))
            db.merge(
                models.ConfigurationParameter(
                    configuration_id=GROUP,
                    configuration_key='ann',
                    configuration_value='7',
                )
            )

    def check(self, instance, verb, path, key, fate):
        limits = {'instances': -1, 'volumes': -1, 'ram': -1, 'backups': -1}
        quota.set_limits(self.conf, base.PROJECT, limits)
        name = 'ann' if verb == 'PUT' else 'bob'
        self.guest.databases = {'shop': {'_name': 'shop'}}
        self.guest.users = {
            'ann': {'_name': 'ann', '_host': '%', '_databases': []}
        }
        self.guest.logs = [fates_of_logs.log(instance.id)]
        self.given_group()
        fates_of_modules.give(self)
        self.transport.sent.clear()
        where = path.removeprefix('/{project_id}').format(
            instance_id=instance.id,
            name=name,
            project=base.PROJECT,
            version=self.version.id,
            configuration_id=GROUP,
            module_id=GROUP,
            backup_id=GROUP,
        )

        said = json.dumps(fate.body).replace('INSTANCE', instance.id)
        response = self.request(verb, where, json.loads(said), user='admin')
        what = (verb, path, key, response.text)
        if isinstance(fate, Refused):
            self.assertEqual(fate.status, response.status_code, what)
            self.assertIn(fate.text, response.text, what)
            told = {'create_instance', 'create_user', 'create_database'}
            self.assertFalse(told & set(self.transport.methods()), what)
            return
        self.assertLess(response.status_code, 300, what)
        shown = self.get(f'/instances/{instance.id}', user='admin').text
        shown += self.get('/mgmt/datastore-versions', user='admin').text
        shown += self.get(f'/configurations/{GROUP}', user='admin').text
        turned_up = json.dumps(self.transport.sent) + shown + response.text
        self.assertIn(fate.text, turned_up, what)

    def test_each_parameter_of_a_query_is_applied_or_refused(self):
        instance = self.active()
        self.given_group()
        for route in routes.ROUTES:
            if route.query is None or '{version}' in route.path:
                continue
            where = route.path.removeprefix('/{project_id}').format(
                instance_id=instance.id,
                name='ann',
                project=base.PROJECT,
                datastore='postgresql',
                flavor='1',
                database='shop',
                backup_id=GROUP,
                configuration_id=GROUP,
                module_id=GROUP,
            )
            verb = route.verb
            refused = self.request(verb, f'{where}?nosuch=1', user='admin')
            self.assert_refused(refused, '"nosuch"', 'omit it')
            if route.schema is None:
                refused = self.request(verb, where, {'a': 1}, user='admin')
                self.assert_refused(refused, verb, 'omit it')
            for name, fate in fates.QUERIES.items():
                if name in route.query:
                    response = self.get(f'{where}?{fate.body}', user='admin')
                    self.assert_refused(response, fate.text)

        self.assertEqual([], self.transport.sent)

    def test_only_of_the_versions_a_query_is_not_looked_at(self):
        unlooked = [each.path for each in routes.ROUTES if each.query is None]

        self.assertEqual(['/'], unlooked)
