# SPDX-License-Identifier: Apache-2.0
"""Another version of the database server, by PATCH of an instance."""

from trove.objects import datastore as datastores
from trove.objects.instance import instances
from trove.objects.instance import workflows
from trove.tests.unit.api import base


class UpgradeTest(base.TestCase):
    def version_of(self, name, number, **values):
        return datastores.save_version(
            values.pop('datastore', 'postgresql'),
            name,
            manager=values.pop('manager', 'postgresql'),
            image_id='image-2',
            version=number,
            **values,
        )

    def upgrade(self, instance, version, **more):
        return self.patch(
            f'/instances/{instance.id}',
            {'instance': {'datastore_version': version, **more}},
        )

    def test_by_name_and_by_id(self):
        version = self.version_of('18-new', '18.7')
        for wanted in version.name, version.id:
            instance = self.active()

            response = self.upgrade(instance, wanted)

            self.assertEqual(202, response.status_code, response.text)
            (sent,) = self.transport.sent
            self.assertEqual(
                (
                    'upgrade',
                    '1.0',
                    {
                        'instance_id': instance.id,
                        'datastore_version_id': version.id,
                    },
                ),
                sent,
            )
            shown = self.get(f'/instances/{instance.id}').json['instance']
            self.assertEqual('UPGRADE', shown['status'])
            # It is changed when the server runs.
            self.assertEqual(self.version.name, shown['datastore']['version'])
            kept = workflows.get_workflow(instance.id)
            self.assertEqual(
                {'datastore_version_id': version.id}, kept.details
            )
            self.transport.sent.clear()

    def test_the_same_version(self):
        instance = self.active()
        replica = self.active()
        instances.update(replica.id, slave_of_id=instance.id)

        response = self.upgrade(instance, self.version.id)

        self.assert_refused(
            response, instance.id, self.version.name, 'already', 'version list'
        )
        self.assertEqual([], self.transport.sent)
        # A replica may have kept another one
        other = self.version_of('18-new', '18.7')
        instances.update(replica.id, datastore_version_id=other.id)
        response = self.upgrade(instance, self.version.id)
        self.assertEqual(202, response.status_code, response.text)

    def test_versions_that_cannot_use_the_data(self):
        self.version_of('17', '17.9')
        self.version_of('19', '19.1')
        self.version_of('other', '18.7', manager='mariadb')
        self.version_of('latest', None)
        self.version_of('off', '18.8', active=False)
        instance = self.active()
        for wanted, text in (
            ('17', 'cannot be used'),
            ('19', '[postgresql] major_upgrades'),
            ('other', 'mariadb'),
            ('latest', 'has no number'),
            ('off', 'not active'),
            ('none', 'does not exist'),
        ):
            response = self.upgrade(instance, wanted)

            self.assert_refused(
                response, text, 'Correct instance.datastore_version.'
            )
        self.assertEqual([], self.transport.sent)

    def test_a_newer_series_if_the_operator_permits_it(self):
        version = self.version_of('19', '19.1')
        self.version_of('17', '17.9')
        self.config(major_upgrades=True, group='postgresql')

        response = self.upgrade(self.active(), '19')

        self.assertEqual(202, response.status_code, response.text)
        (sent,) = self.transport.sent
        self.assertEqual(version.id, sent[2]['datastore_version_id'])
        self.assert_refused(
            self.upgrade(self.active(), '17'), 'cannot be used'
        )

    def test_a_newer_series_without_replicas_only(self):
        self.version_of('19', '19.1')
        self.config(major_upgrades=True, group='postgresql')
        primary, replica = self.active(), self.active()
        instances.update(replica.id, slave_of_id=primary.id)

        for instance, other in (primary, replica), (replica, primary):
            self.assert_refused(self.upgrade(instance, '19'), other.id)

        self.assertEqual([], self.transport.sent)

    def test_one_that_is_busy(self):
        response = self.upgrade(self.building(), self.version.id)

        self.assert_fault(response, 422, 'unprocessableEntity')

    def test_nothing_else_is_changed_beside(self):
        instance = self.active()

        response = self.upgrade(instance, self.version.id, name='other')

        self.assert_refused(response, 'request of its own')
        shown = self.get(f'/instances/{instance.id}').json['instance']
        self.assertEqual(instance.name, shown['name'])
