# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.objects import datastore
from trove.tests.unit.objects import base


class TestDatastores(base.TestCase):
    def setUp(self):
        super().setUp()
        self.postgresql = datastore.get(self.conf, 'postgresql')

    def test_by_id_and_by_name(self):
        found = datastore.get(self.conf, self.postgresql.id)

        self.assertEqual('postgresql', found.name)

    def test_unknown(self):
        for unknown in ('oracle', 'a\0b', 'x' * 500):
            error = self.assertRaises(
                exception.DatastoreNotFound,
                datastore.get,
                self.conf,
                unknown,
            )
            self.assertEqual(404, error.code)

    def test_the_only_one_is_the_default(self):
        self.assertEqual(self.postgresql, datastore.get(self.conf))

    def test_the_configured_one_is_the_default(self):
        datastore.save('mysql')
        datastore.save_version('mysql', '8.4', manager='mysql')
        self.config(default_datastore='mysql')

        self.assertEqual('mysql', datastore.get(self.conf).name)

    def test_of_several_none_is_the_default(self):
        datastore.save('mysql')
        datastore.save_version('mysql', '8.4', manager='mysql')

        error = self.assertRaises(
            exception.DatastoreNotFound, datastore.get, self.conf
        )

        self.assertIn('mysql, postgresql', str(error))

    def test_one_without_active_versions_is_hidden(self):
        datastore.save('mysql')
        datastore.save_version('mysql', '8', manager='mysql', active=False)

        self.assertEqual(
            ['postgresql'], [each.name for each in datastore.list_()]
        )
        self.assertEqual(
            ['mysql', 'postgresql'],
            [each.name for each in datastore.list_(inactive=True)],
        )
        self.assertRaises(
            exception.DatastoreNotFound, datastore.get, self.conf, 'mysql'
        )
        self.assertEqual(
            'mysql', datastore.get(self.conf, 'mysql', inactive=True).name
        )

    def test_save_again(self):
        again = datastore.save('postgresql', '18')

        self.assertEqual(self.postgresql.id, again.id)
        self.assertEqual(self.version.id, again.default_version_id)
        self.assertEqual(again, datastore.save('postgresql'))

    def test_save_with_an_unknown_default(self):
        self.assertRaises(
            exception.UnknownDatastoreVersion,
            datastore.save,
            'postgresql',
            '99',
        )


class TestVersions(base.TestCase):
    def setUp(self):
        super().setUp()
        self.postgresql = datastore.save('postgresql', '18')

    def add(self, name, **kwargs):
        return datastore.save_version(
            'postgresql', name, manager='postgresql', **kwargs
        )

    def test_what_is_saved_is_found(self):
        saved = self.add(
            '17',
            version='17.2',
            image_id='i',
            image_tags=('a', 'b'),
            packages='p',
            registry_ext='r',
            repl_strategy='s',
        )

        self.assertEqual(('a', 'b'), saved.image_tags)
        self.assertEqual(saved, datastore.get_version_by_id(saved.id))
        self.assertEqual(
            saved, datastore.get_version(self.postgresql, '17')
        )
        self.assertEqual(
            ['17', '18'],
            [each.name for each in datastore.versions(self.postgresql.id)],
        )

    def test_save_again(self):
        first = self.add('17', image_id='old')

        again = self.add('17', image_id='new', active=False)

        self.assertEqual(first.id, again.id)
        self.assertEqual('new', again.image_id)
        active = datastore.versions(self.postgresql.id)
        every = datastore.versions(self.postgresql.id, inactive=True)
        self.assertNotIn('17', [each.name for each in active])
        self.assertIn('17', [each.name for each in every])

    def test_save_for_an_unknown_datastore(self):
        self.assertRaises(
            exception.DatastoreNotFound,
            datastore.save_version,
            'oracle',
            '1',
            manager='m',
        )

    def test_the_default(self):
        self.assertEqual(
            self.version, datastore.get_version(self.postgresql)
        )

    def test_no_default(self):
        datastore.save('mysql')

        error = self.assertRaises(
            exception.UnknownDatastoreVersion,
            datastore.get_version,
            datastore.get(self.conf, 'mysql', inactive=True),
        )

        self.assertEqual(400, error.code)

    def test_unknown_and_inactive_ones(self):
        hidden = self.add('17', active=False)

        for wanted in ('99', '17', hidden.id):
            self.assertRaises(
                exception.UnknownDatastoreVersion,
                datastore.get_version,
                self.postgresql,
                wanted,
            )
        for wanted in ('99', hidden.id, 'a\0'):
            self.assertRaises(
                exception.DatastoreVersionNotFound,
                datastore.get_version_by_id,
                wanted,
            )
        self.assertEqual(
            hidden,
            datastore.get_version(self.postgresql, '17', inactive=True),
        )

    def test_another_datastores_version(self):
        datastore.save('mysql')
        other = datastore.save_version('mysql', '8', manager='mysql')

        self.assertRaises(
            exception.UnknownDatastoreVersion,
            datastore.get_version,
            self.postgresql,
            other.id,
        )

    def test_several_of_a_name(self):
        old = self.add('17', version='17.1')
        new = self.add('17', version='17.2')

        error = self.assertRaises(
            exception.BadRequest, datastore.get_version, self.postgresql, '17'
        )

        self.assertIn('17.1, 17.2', str(error))
        self.assertEqual(
            new,
            datastore.get_version(self.postgresql, '17', number='17.2'),
        )
        self.assertEqual(
            old, datastore.get_version(self.postgresql, old.id)
        )
        error = self.assertRaises(
            exception.UnknownDatastoreVersion,
            datastore.get_version,
            self.postgresql,
            old.id,
            number='17.3',
        )
        self.assertIn('17 with the number 17.3', str(error))
