# SPDX-License-Identifier: Apache-2.0
"""Rules of parameters, loaded by an operator."""

from __future__ import annotations

import json
import pathlib

from trove.objects import datastore as datastores
from trove.objects import parameter as parameters
from trove.tests.unit.cmd import base
from trove.tests.unit.common.datastores import test_postgresql_settings


class ParametersTest(base.ManageTestCase):
    def setUp(self):
        super().setUp()
        self.synced()
        datastores.save('postgresql')
        self.version = datastores.save_version(
            'postgresql', '18', manager='postgresql', version='18.6'
        )
        self.path = pathlib.Path(self.file).with_name('rules')

    def load(self, command, text, version='18'):
        self.path.write_text(text)
        return self.run_manage(command, 'postgresql', version, str(self.path))

    def names(self):
        return [each.name for each in parameters.list_(self.version.id)]

    def test_a_file_of_released_trove(self):
        rules = [
            {'name': 'jit', 'type': 'boolean', 'restart_required': False},
            {'name': 'archive_command', 'type': 'string'},
        ]

        status = self.load(
            'db_load_datastore_config_parameters',
            json.dumps({'configuration-parameters': rules}),
        )

        self.assertEqual(0, status, self.error)
        self.assertEqual(['jit'], self.names())
        self.assertIn('1 parameters', self.out)
        self.assertIn('Skipped archive_command', self.out)

    def test_a_catalogue_takes_the_place_of_all(self):
        parameters.save(
            self.version.id, [parameters.Parameter('gone', 'string')]
        )

        status = self.load(
            'db_load_datastore_config_catalogue',
            test_postgresql_settings.printed(),
        )

        self.assertEqual(0, status, self.error)
        self.assertIn('max_connections', self.names())
        self.assertNotIn('gone', self.names())

    def test_complaints(self):
        command = 'db_load_datastore_config_parameters'
        self.assertEqual(1, self.load(command, '{}'))
        self.assertIn('configuration-parameters', self.error)
        self.assertEqual(1, self.load(command, '{}', '17'))
        self.assertIn('17', self.error)
        self.path.unlink()
        self.assertEqual(
            1, self.run_manage(command, 'postgresql', '18', str(self.path))
        )
        self.assertIn(str(self.path), self.error)
