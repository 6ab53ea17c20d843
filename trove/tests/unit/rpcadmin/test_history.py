# SPDX-License-Identifier: Apache-2.0
"""trove-rpc history."""

from __future__ import annotations

import csv
import os

import yaml

from trove.peers import versions
from trove.tests.unit.rpcadmin import base


class HistoryTest(base.TestCase):
    def test_all_revisions_of_all_interfaces(self):
        found = self.json('history')

        self.assertEqual(
            [
                (client.interface.name, revision.name)
                for client in versions.CLIENTS.values()
                for revision in client.interface.history
            ],
            [(row['Interface'], row['Revision']) for row in found],
        )

    def test_one_interface(self):
        found = self.json('history', 'guestagent')

        self.assertEqual({'guestagent'}, {row['Interface'] for row in found})
        by_name = {row['Revision']: row for row in found}
        self.assertIn('victoria', by_name['1.0/victoria']['Releases'])
        self.assertEqual('1.0', by_name['1.0/victoria']['Version'])

    def test_it_needs_neither_options_nor_database(self):
        os.remove(self.file)

        self.assertEqual(0, self.run_rpc('history'))

    def test_methods_that_came_and_went(self):
        rows = self.json('history', '--methods', 'guestagent')
        found = {
            (r['Revision'], r['Change'], r['Method'], r['Argument'])
            for r in rows
        }

        self.assertIn(('1.0', 'added', 'prepare', None), found)
        self.assertIn(
            ('1.0/victoria', 'added', 'prepare', 'ds_version'), found
        )
        self.assertIn(('1.4', 'added', 'restart', 'reason'), found)
        self.assertIn(
            ('1.0/victoria', 'withdrawn', 'stop_db', 'do_not_start_on_reboot'),
            found,
        )
        # A method that comes brings its arguments.
        self.assertNotIn(('1.0', 'added', 'prepare', 'packages'), found)

    def test_every_format(self):
        self.assertEqual(0, self.run_rpc('history', '-f', 'yaml'))
        documents = yaml.safe_load(self.out)
        self.assertEqual(0, self.run_rpc('history', '-f', 'csv'))
        lines = list(csv.DictReader(self.out.splitlines()))
        self.assertEqual(0, self.run_rpc('history', '-f', 'table'))
        table = self.out
        self.assertEqual(0, self.run_rpc('history', '-f', 'value'))

        self.assertEqual(len(documents), len(lines))
        self.assertIsInstance(documents[0]['Releases'], list)
        self.assertEqual(
            ', '.join(documents[0]['Releases']), lines[0]['Releases']
        )
        self.assertIn('| 1.0/victoria', table)
        self.assertEqual(len(lines), len(self.out.splitlines()))
