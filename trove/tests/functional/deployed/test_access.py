# SPDX-License-Identifier: Apache-2.0
"""Who may do what: tokens, projects, roles and quotas."""

from __future__ import annotations

import uuid

import requests
from troveclient import exceptions as trove_exceptions

from trove.tests.functional.deployed import base


class TokenTest(base.DeployedTestCase):
    def path(self) -> str:
        project = self.deployment.keystone.member.project_id
        return f'{self.deployment.url}/v1.0/{project}/instances'

    def test_without_a_token(self) -> None:
        for headers in {}, {'X-Auth-Token': 'invented'}:
            answer = requests.get(self.path(), headers=headers, timeout=60)

            self.assertEqual(401, answer.status_code)
            self.assertIn('Keystone uri=', answer.headers['WWW-Authenticate'])

    def test_versions_need_no_token(self) -> None:
        answer = requests.get(self.deployment.url, timeout=60)

        self.assertEqual(200, answer.status_code)
        self.assertEqual('v1.0', answer.json()['versions'][0]['id'])

    def test_a_token_opens_only_its_own_project(self) -> None:
        keystone = self.deployment.keystone
        token = keystone.session(keystone.other).get_token()

        answer = requests.get(
            self.path(), headers={'X-Auth-Token': token}, timeout=60
        )

        self.assertEqual(403, answer.status_code)

    def test_every_answer_has_a_request_id(self) -> None:
        answer = requests.get(self.path(), timeout=60)
        _, body = self.member.client.get('/instances')

        self.assertTrue(
            answer.headers.get('x-openstack-request-id', '').startswith(
                'req-'
            )
        )
        self.assertIn('instances', body)


class ProjectTest(base.DeployedTestCase):
    def test_the_instance_of_another_project_is_not_found(self) -> None:
        instance = self.instance()

        for act in (
            self.other.instances.get,
            self.other.instances.delete,
            self.other.instances.restart,
            self.other.databases.list,
            self.other.users.list,
            self.other.root.create,
        ):
            self.assertRaises(trove_exceptions.NotFound, act, instance.id)
        self.assertEqual(
            [], [i.id for i in self.other.instances.list()]
        )

    def test_an_instance_that_never_was_is_not_found(self) -> None:
        self.assertRaises(
            trove_exceptions.NotFound,
            self.member.instances.get,
            str(uuid.uuid4()),
        )

    def test_a_member_is_no_administrator(self) -> None:
        instance = self.instance()
        for act in (
            lambda: self.member.mgmt_instances.list(),
            lambda: self.member.mgmt_instances.reboot(instance.id),
        ):
            failure = self.assertRaises(
                trove_exceptions.ClientException, act
            )
            self.assertIn(failure.http_status, (401, 403))
        failure = self.assertRaises(
            trove_exceptions.ClientException,
            self.member.quota.show,
            self.deployment.keystone.other.project_id,
        )
        self.assertEqual(403, failure.http_status)


class QuotaTest(base.DeployedTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.project = self.deployment.keystone.other.project_id
        self.addCleanup(self.set_quotas, instances=30, volumes=100)

    def set_quotas(self, **limits: int) -> None:
        self.admin.quota.update(self.project, limits)

    def create_as_other(self, size: int) -> None:
        self.other.instances.create(
            'over',
            flavor_id=self.FLAVOR,
            volume={'size': size},
            datastore=self.deployment.DATASTORE,
        )

    def test_over_quota_nothing_is_made(self) -> None:
        for limits, size in (
            ({'instances': 0}, 1),
            ({'instances': 5, 'volumes': 2}, 3),
        ):
            self.set_quotas(**limits)

            failure = self.assertRaises(
                trove_exceptions.ClientException, self.create_as_other, size
            )

            self.assertEqual(413, failure.http_status)
            self.assertEqual([], self.other.instances.list())
            for quota in self.other.quota.show(self.project):
                self.assertEqual((0, 0), (quota.in_use, quota.reserved))

    def test_a_volume_larger_than_any_may_be(self) -> None:
        failure = self.assertRaises(
            trove_exceptions.ClientException, self.create_as_other, 21
        )

        self.assertEqual(413, failure.http_status)

    def test_what_is_used_counts(self) -> None:
        project = self.deployment.keystone.member.project_id
        before = self.usage(project)

        instance = self.create_active('counted')

        self.assertEqual(before + 1, self.usage(project))
        self.delete(instance.id)
        self.assertEqual(before, self.usage(project))

    def usage(self, project: str) -> int:
        quotas = {q.resource: q for q in self.admin.quota.show(project)}
        return int(quotas['instances'].in_use)


class BadRequestTest(base.DeployedTestCase):
    def test_creates_that_are_refused(self) -> None:
        instances = self.member.instances
        good = {'flavor_id': self.FLAVOR, 'volume': {'size': 1}}
        count = len(instances.list())
        for name, values, code in (
            ('', good, 400),
            (' ', good, 400),
            ('n' * 256, good, 400),
            ('x', {**good, 'flavor_id': 'none'}, 400),
            ('x', {**good, 'volume': {'size': 0}}, 400),
            ('x', {'flavor_id': self.FLAVOR}, 400),
            ('x', {**good, 'datastore': 'none'}, 404),
            (
                'x',
                {
                    **good,
                    'datastore': self.deployment.DATASTORE,
                    'datastore_version': 'none',
                },
                400,
            ),
            ('x', {**good, 'databases': [{'name': 'n' * 64}]}, 400),
            (
                'x',
                {**good, 'databases': [{'name': 'a'}, {'name': 'a'}]},
                400,
            ),
        ):
            with self.subTest(name=name, values=values):
                failure = self.assertRaises(
                    trove_exceptions.ClientException,
                    instances.create,
                    name,
                    **values,
                )
                self.assertEqual(code, failure.http_status, failure)
        self.assertEqual(count, len(instances.list()))

    def post(self, body: bytes, content_type: str) -> requests.Response:
        keystone = self.deployment.keystone
        session = keystone.session(keystone.member)
        return requests.post(
            f'{self.deployment.url}/v1.0/{keystone.member.project_id}'
            '/instances',
            data=body,
            headers={
                'Content-Type': content_type,
                'X-Auth-Token': session.get_token(),
            },
            timeout=60,
        )

    def test_bodies_that_are_no_request(self) -> None:
        for body, content_type, code in (
            (b'{"instance": ', 'application/json', 400),
            (b'[]', 'application/json', 400),
            (b'null', 'application/json', 400),
            (b'\xff\xfe', 'application/json', 400),
            (b'', 'application/json', 400),
            (b'{"instance": {}}', 'text/plain', 415),
            (b'<instance/>', 'application/xml', 415),
            (b' ' * 1_000_000, 'application/json', 413),
        ):
            with self.subTest(body=body[:20], content_type=content_type):
                answer = self.post(body, content_type)

                self.assertEqual(code, answer.status_code, answer.text)
                (fault,) = answer.json().values()
                self.assertEqual(code, fault['code'])
                self.assertTrue(fault['message'])
