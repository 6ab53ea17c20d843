# SPDX-License-Identifier: Apache-2.0
"""trove-rpc matrix."""

from __future__ import annotations

import csv
import os
import pathlib

import yaml

from trove.peers import versions
from trove.rpcadmin.matrix import rows
from trove.tests.unit.rpcadmin import base


class Case(base.TestCase):
    def setUp(self):
        super().setUp()
        # It needs none.
        os.remove(self.file)

    def matrix(self, *arguments):
        return self.json('matrix', *arguments)

    def refused(self, *arguments):
        self.assertEqual(2, self.run_rpc('matrix', *arguments))
        return self.error


class MatrixTest(Case):
    def test_an_overview_of_all_pairs(self):
        found = self.matrix()

        self.assertEqual(
            set(versions.CLIENTS), {row['Interface'] for row in found}
        )
        everyone = {str(release) for release in rows.all_releases()}
        for name in versions.CLIENTS:
            covered = {
                (client, server)
                for row in found
                if row['Interface'] == name
                for client in row['Client']
                for server in row['Server']
            }
            self.assertEqual(
                {(a, b) for a in everyone for b in everyone}, covered
            )

    def test_one_pair(self):
        [row] = self.matrix(
            'taskmanager', '--client', '14', '--server', 'ussuri'
        )

        self.assertEqual((['14.0'], ['13.0']), (row['Client'], row['Server']))
        self.assertEqual(
            [19, 0, 0, 0, 3, 0],
            [
                row[name]
                for name in (
                    *('Same', 'Left out', 'Refused', 'No reply', 'Lost'),
                    'In vain',
                )
            ],
        )

    def test_notes_are_text_for_programs_and_counted_for_people(self):
        pair = ('conductor', '--client', '26', '--server', '12')
        [row] = self.matrix(*pair)
        self.assertEqual(0, self.run_rpc('matrix', *pair, '-f', 'table'))

        self.assertEqual(2, len(row['Notes']))
        self.assertIn('healthy', ' '.join(row['Notes']))
        self.assertIn(' 2     |', self.out.splitlines()[3])

    def test_the_messages_of_a_method(self):
        found = self.matrix('--method', 'stop_db', '--client', 'latest')

        self.assertEqual({'stop_db'}, {row['Method'] for row in found})
        refused = [
            (row['Argument'], row['Told'], row['Needs'])
            for row in found
            if '14.0' in row['Server'] and row['Outcome'] == 'refused'
        ]
        self.assertEqual(
            [('do_not_start_on_reboot', 'sender', '1.4')], refused
        )

    def test_the_messages_with_an_outcome(self):
        found = self.matrix('--outcome', 'lost', 'taskmanager')

        self.assertEqual({'lost'}, {row['Outcome'] for row in found})
        self.assertEqual(
            {'create_instance', 'rebuild', 'update_access'},
            {row['Method'] for row in found},
        )
        for row in found:
            self.assertIsNone(row['Told'])
            self.assertTrue(row['Why'].endswith('.'), row['Why'])
            self.assertIn('Upgrade the oldest task manager', row['Remedy'])

    def test_several_filters_hold_together(self):
        found = self.matrix(
            'guestagent',
            '--client',
            '26',
            '--server',
            '14',
            '--outcome',
            'lost',
            '--outcome',
            'left out',
            '--method',
            'prepare',
            '--method',
            'stop_db',
        )

        self.assertEqual(['prepare'], [row['Method'] for row in found])

    def test_all_messages(self):
        found = self.matrix('conductor', '--methods')

        self.assertEqual(
            set(rows.OUTCOMES) - {'left out', 'no reply'},
            {row['Outcome'] for row in found},
        )

    def test_every_format(self):
        self.assertEqual(0, self.run_rpc('matrix', '-f', 'yaml'))
        documents = yaml.safe_load(self.out)
        self.assertEqual(0, self.run_rpc('matrix', '-f', 'csv'))
        lines = list(csv.DictReader(self.out.splitlines()))
        self.assertEqual(0, self.run_rpc('matrix', '-f', 'table'))

        self.assertEqual(len(documents), len(lines))
        self.assertIn('| 14.0 to 26.0', self.out)
        self.assertEqual(
            ', '.join(documents[0]['Server']), lines[0]['Server']
        )

    def test_what_is_not_there(self):
        self.assertIn(
            '"9" is not one of the releases 8 (pike), 11',
            self.refused('--client', '9'),
        )
        self.assertIn('no method "stop"', self.refused('--method', 'stop'))
        self.assertIn(
            'no method "stop_db"',
            self.refused('conductor', '--method', 'stop_db'),
        )
        self.assertIn('invalid choice', self.refused('--outcome', 'fine'))


class PageFileTest(Case):
    def test_it_is_written(self):
        path = pathlib.Path(self.directory, 'matrix.html')

        self.assertEqual(0, self.run_rpc('matrix', '--html', str(path)))

        self.assertEqual(f'Wrote {path}\n', self.out)
        self.assertTrue(path.read_text('utf-8').startswith('<!DOCTYPE html>'))

    def test_it_takes_no_filter(self):
        self.assertIn(
            'use --html without client',
            self.refused('--html', 'm.html', '--client', '14'),
        )

    def test_where_nothing_can_be_written(self):
        self.assertIn(
            'm.html: No such file or directory',
            self.refused('--html', f'{self.directory}/none/m.html'),
        )
