# SPDX-License-Identifier: Apache-2.0
"""Reader, member, admin and service, each at every path and every action."""

import re
import uuid

from trove.api import absent
from trove.api import routes
from trove.api.handlers import actions
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.tests.unit.api import base

#: For everybody who has a token.
PUBLIC = ('/datastores', '/flavors')


def is_public(verb, path):
    return (
        verb == 'GET' and path.startswith(PUBLIC) and 'parameters' not in path
    )


BODIES = {
    'resize': {'flavorRef': '2'},
    'rebuild': {'image_id': '9a2f3b52-6df7-4a32-a3c6-5d5f0b6f1c70'},
}


def requests(instance_id):
    """Each verb and path, and each action, as (verb, path, body)."""
    for route in (*routes.ROUTES, *absent.ROUTES):
        path = route.path.removeprefix('/{project_id}')
        if not path.strip('/'):
            continue
        path = path.replace('{instance_id}', instance_id)
        path = path.replace('/quotas/{project}', f'/quotas/{base.PROJECT}')
        path = re.sub(r'\{\w+\}', 'x', path)
        table = getattr(route.handler, '__self__', None)
        if not isinstance(table, actions.Actions):
            body = {} if route.verb in ('POST', 'PUT', 'PATCH') else None
            yield route.verb, path, body
            continue
        for name in table:
            yield route.verb, path, {name: BODIES.get(name, {})}


class TestPersonas(base.TestCase):
    """Given an instance of the project, and a guest."""

    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.before = self.state()

    def state(self):
        found = instances.get(self.context(), self.instance.id)
        return found, workflows.get_workflow(self.instance.id)

    def refused(self, roles, instance_id, **kwargs):
        """Say of each request whether policy refuses it."""
        headers = {'X-Roles': roles}
        for verb, path, body in requests(instance_id):
            response = self.request(
                verb, path, body, headers=headers, **kwargs
            )
            self.assertLess(response.status_code, 502, response.text)
            yield (
                verb,
                path,
                body,
                response.status_code in (401, 403),
            )

    def test_a_reader_sees_and_changes_nothing(self):
        for verb, path, body, refused in self.refused(
            'reader', self.instance.id
        ):
            sees = verb == 'GET' and (
                not path.startswith('/mgmt') or 'quotas' in path
            )
            with self.subTest(f'{verb} {path} {body}'):
                self.assertEqual(not sees, refused)
        asked = set(self.transport.methods())
        self.assertEqual(
            set(),
            asked
            - {
                'get_filesystem_stats',
                'list_databases',
                'list_users',
                'get_user',
                'guest_log_list',
                'ssl_show',
            },
        )
        self.assertEqual(self.before, self.state())

    def test_a_reader_of_another_project_sees_nothing(self):
        for verb, path, body, refused in self.refused(
            'reader', self.instance.id, project=base.OTHER_PROJECT
        ):
            with self.subTest(f'{verb} {path} {body}'):
                if verb != 'GET' or path.startswith('/mgmt'):
                    self.assertTrue(refused)
        response = self.get(
            f'/instances/{self.instance.id}',
            project=base.OTHER_PROJECT,
            headers={'X-Roles': 'reader'},
        )
        self.assert_fault(response, 404, 'itemNotFound')
        self.assertEqual([], self.transport.sent)
        response = self.get(
            f'/instances/{self.instance.id}',
            url_project=base.PROJECT,
            project=base.OTHER_PROJECT,
            headers={'X-Roles': 'reader'},
        )
        self.assert_fault(response, 403, 'forbidden')

    def test_a_member_does_all_but_manage(self):
        for verb, path, body, refused in self.refused(
            'member', str(uuid.uuid4())
        ):
            manages = (path.startswith('/mgmt') and 'quotas' not in path) or (
                verb,
                path,
            ) in (
                ('DELETE', '/datastores/x'),
                ('PUT', f'/mgmt/quotas/{base.PROJECT}'),
            )
            with self.subTest(f'{verb} {path} {body}'):
                # Whether his "reset_status" is a deletion is in the body,
                # and of whom it is comes before.
                self.assertEqual(manages, refused)

    def test_an_admin_does_all(self):
        for verb, path, body, refused in self.refused(
            'admin', str(uuid.uuid4())
        ):
            with self.subTest(f'{verb} {path} {body}'):
                self.assertFalse(refused)

    def test_a_service_looks_at_all_projects(self):
        seen = {
            '/mgmt/instances',
            f'/mgmt/instances/{self.instance.id}',
            f'/mgmt/instances/{self.instance.id}/rpc_ping',
        }
        for verb, path, body, refused in self.refused(
            'service', self.instance.id, project=base.OTHER_PROJECT
        ):
            public = is_public(verb, path)
            sees = verb == 'GET' and path in seen
            with self.subTest(f'{verb} {path} {body}'):
                self.assertEqual(not (sees or public), refused)
        self.assertEqual(self.before, self.state())

    def test_without_a_role_nothing_is_seen(self):
        for verb, path, body, refused in self.refused(
            'stranger', self.instance.id
        ):
            public = is_public(verb, path)
            with self.subTest(f'{verb} {path} {body}'):
                self.assertEqual(not public, refused)
        self.assertEqual([], self.transport.sent)

    def test_the_rules_of_release_26_come_back(self):
        self.config(enforce_new_defaults=False, group='oslo_policy')
        self.load()

        response = self.get('/instances', headers={'X-Roles': 'stranger'})

        self.assertEqual(200, response.status_code)
