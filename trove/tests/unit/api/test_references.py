# SPDX-License-Identifier: Apache-2.0
"""What a body names: how often it is looked for, and what an error says."""

import uuid

from trove.api import references
from trove.db import models
from trove.db import session
from trove.tests.fixtures import statements
from trove.tests.unit.api import base
from trove.tests.unit.api import fates_of_modules


class TestMany(base.TestCase):
    """Given bodies that name more than anybody needs."""

    def setUp(self):
        super().setUp()
        self.cluster = str(uuid.uuid4())
        with session.writer() as db:
            db.add(
                models.Cluster(
                    id=self.cluster,
                    name='c',
                    tenant_id=base.PROJECT,
                    datastore_version_id=self.version.id,
                    task_id=1,
                )
            )

    def queries(self, path, body):
        """Send a body; return the answer and how much it was looked for."""
        with statements.noted() as seen:
            response = self.post(path, body)
        return response, len(seen)

    def bodies(self, ids):
        items = [{'id': each} for each in ids]
        yield '/clusters', {'cluster': {'instances': [{'modules': items}]}}
        yield (
            '/clusters',
            {'cluster': {'instances': [{'modules': [i]} for i in items]}},
        )
        yield f'/clusters/{self.cluster}', {'shrink': items}
        yield f'/clusters/{self.cluster}', {'grow': [{'modules': items}]}

    def test_too_many(self):
        for path, body in self.bodies(f'm{n}' for n in range(3000)):
            response, queries = self.queries(path, body)

            self.assert_refused(response, str(references.MOST), 'id')
            self.assertLess(queries, 10, path)

    def test_the_same_again_and_again(self):
        module = str(uuid.uuid4())
        for path, body in self.bodies([module] * 1000):
            response, queries = self.queries(path, body)

            self.assert_fault(response, 404, 'itemNotFound', module)
            self.assertLess(queries, 10, path)

    def test_what_is_too_long_to_be_an_id(self):
        for path, body in self.bodies(['m' * 100_000]):
            response, queries = self.queries(path, body)

            message = self.assert_refused(response, '100000', '255')
            self.assertLess(len(message), 300)
            self.assertLess(queries, 10, path)


class TestErrors(base.TestCase):
    """Given a request that names what is not there."""

    def test_they_name_field_value_and_remedy(self):
        no = str(uuid.uuid4())
        instance = self.active()
        itself = f'/instances/{instance.id}'
        order = self.order
        for verb, path, body, code, field, told in (
            ('POST', '/instances', order(datastore={'type': 'x1'}), 404,
             'instance.datastore', 'x1'),
            ('POST', '/instances', order(datastore={'version': 'x1'}), 400,
             'instance.datastore', 'versions'),
            ('POST', '/instances', order(flavorRef='x1'), 400,
             'instance.flavorRef', 'GET /flavors'),
            ('POST', '/instances', order(flavorRef=None, flavor='x1'), 400,
             'instance.flavor', 'GET /flavors'),
            ('POST', '/instances', order(replica_of=no), 404,
             'instance.replica_of', no),
            ('POST', '/instances', order(configuration=no), 404,
             'instance.configuration', no),
            ('POST', '/instances', order(restorePoint={'backupRef': no}), 404,
             'instance.restorePoint.backupRef', no),
            ('POST', f'{itself}/action', {'resize': {'flavorRef': 'x1'}}, 400,
             'resize.flavorRef', 'GET /flavors'),
            ('PUT', itself, {'instance': {'configuration': no}}, 404,
             'instance.configuration', no),
            ('POST', '/backups', {'backup': {'name': 'n', 'instance': no}},
             404, 'backup.instance', no),
            ('POST', '/backup_strategies',
             {'backup_strategy': {'instance_id': no, 'swift_container': 'c'}},
             404, 'backup_strategy.instance_id', no),
            ('POST', '/configurations',
             {'configuration': {
                 'name': 'g', 'values': {}, 'datastore': {'type': 'x1'}}}, 404,
             'configuration.datastore', 'x1'),
            ('POST', '/configurations',
             {'configuration': {
                 'name': 'g', 'values': {},
                 'datastore': {'type': 'postgresql', 'version': 'x1'}}}, 400,
             'configuration.datastore', 'x1'),
            ('POST', '/modules',
             fates_of_modules.new('m', datastore={'type': 'x1'}), 404,
             'module.datastore', 'x1'),
        ):  # fmt: skip
            with self.subTest(f'{verb} {path} {body}'):
                response = self.request(verb, path, body)

                fault = 'itemNotFound' if code == 404 else 'badRequest'
                self.assert_fault(
                    response, code, fault, f'Correct {field}.', told
                )
        self.assertEqual([], self.transport.sent)

    def test_a_version_that_the_datastore_of_the_instance_has_not(self):
        response = self.patch(
            f'/instances/{self.active().id}',
            {'instance': {'datastore_version': 'x1'}},
        )

        self.assert_refused(
            response, 'x1', 'Correct instance.datastore_version.'
        )
