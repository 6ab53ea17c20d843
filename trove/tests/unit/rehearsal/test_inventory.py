# SPDX-License-Identifier: Apache-2.0
"""The files that say who is in a deployment."""

from __future__ import annotations

import json
import os

import fixtures
import testscenarios
import yaml

from trove.rehearsal import inventory as inventories
from trove.tests import base
from trove.tests.unit.rehearsal import deployments

load_tests = testscenarios.load_tests_apply_scenarios

_API = {'kind': 'api', 'name': 'a', 'release': '2026.2'}


def document(**changes):
    return {
        'format': inventories.FORMAT,
        'services': [_API],
        'guests': [],
        **changes,
    }


class FileTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        self.path = os.path.join(directory, 'deployment.yaml')

    def write(self, text):
        with open(self.path, 'w') as file:
            file.write(text)

    def load(self, **changes):
        self.write(yaml.safe_dump(document(**changes)))
        return inventories.load(self.path)


class InventoryTest(FileTestCase):
    def test_what_is_saved_is_read_again(self):
        made = deployments.deployment(
            pins={'guestagent': '1.3'},
            encrypted=False,
            notes=['The API was not looked at.'],
        )

        inventories.save(made, self.path)

        self.assertEqual(made, inventories.load(self.path))

    def test_json_will_do(self):
        self.write(json.dumps(document()))

        (member,) = inventories.load(self.path).members

        self.assertEqual('1.3', str(member.part.revisions['guestagent']))

    def test_a_service_of_which_one_revision_is_known(self):
        service = {
            'kind': 'taskmanager',
            'name': 't',
            'revisions': {'taskmanager': '1.0/train'},
        }

        (member,) = self.load(services=[service]).members

        self.assertEqual(
            {
                'taskmanager': '1.0/train',
                'guestagent': '1.0/stein',
                'conductor': '1.0/stein',
            },
            {n: str(r) for n, r in member.part.revisions.items()},
        )
        self.assertFalse(member.part.announces)

    def test_guests_are_counted_by_their_instances(self):
        found = self.load(
            guests=[
                {'release': 'latest', 'instances': ['one', 'two']},
                {'release': 'pike', 'count': 40},
            ]
        )

        self.assertEqual(42, found.guests)
        _, new, old = found.members
        self.assertEqual(('one', 'two'), new.instances)
        self.assertTrue(new.part.announces)
        self.assertFalse(old.part.announces)


class WrongFileTest(FileTestCase):
    """Each is refused, with the place and what to do."""

    scenarios = [
        ('another format', {'format': 'x', 'words': ('format', 'x')}),
        (
            'a version that YAML takes for a number',
            {
                'guests': [{'release': 2026.2}],
                'words': ('guests[0].release', 'Quote versions'),
            },
        ),
        (
            'a release that there is not',
            {
                'guests': [{'release': 'rokcy'}],
                'words': ('"rokcy" is not a release', 'rocky'),
            },
        ),
        (
            'a revision that there is not',
            {
                'guests': [{'revisions': {'guestagent': '1.99'}}],
                'words': ('"1.99" is not a revision of guestagent', '1.3'),
            },
        ),
        (
            'neither release nor revisions',
            {'guests': [{'count': 2}], 'words': ('guests[0]', 'release or')},
        ),
        (
            'the same name twice',
            {
                'services': [_API, dict(_API)],
                'words': ('duplicate name a', 'Use a unique name'),
            },
        ),
        (
            'a pin that is none',
            {'pins': {'conductor': 'x'}, 'words': ('"x" is not a revision',)},
        ),
        (
            'a word that means nothing',
            {'extra': 1, 'words': ('extra',)},
        ),
    ]

    words: tuple[str, ...]

    def test_it_is_refused(self):
        changes = {
            name: getattr(self, name)
            for name in ('format', 'guests', 'services', 'pins', 'extra')
            if hasattr(self, name)
        }

        error = self.assertRaises(
            inventories.Unusable, self.load, **changes
        )

        for word in (self.path, *self.words):
            self.assertIn(word, str(error))


class NoFileTest(FileTestCase):
    def test_a_file_that_is_not_there(self):
        error = self.assertRaises(
            inventories.Unusable, inventories.load, self.path
        )
        self.assertIn('No such file', str(error))

    def test_a_file_that_is_no_yaml(self):
        self.write('{')

        error = self.assertRaises(
            inventories.Unusable, inventories.load, self.path
        )
        self.assertIn(self.path, str(error))

    def test_files_that_would_take_long(self):
        guests = [{'release': 'pike'}] * 5_000
        for what, text, words in (
            (
                'groups of guests',
                json.dumps(document(guests=guests)),
                '5001 services and groups of guests exceed the maximum of 150',
            ),
            ('an alias bomb', 'a: &a [x]\nb: [*a, *a]', 'is an alias'),
            ('deep nesting', '[' * 100_000, 'nested more than'),
            ('length', ' ' * 9_000_000, 'larger than 8000000 bytes'),
            ('a number', f'format: {"9" * 5_000}', 'longer than'),
            (
                'many guests',
                json.dumps(
                    document(guests=[{'release': 'pike', 'count': 10**12}])
                ),
                'guests[0].count',
            ),
            ('a key twice', 'format: a\nformat: b', 'duplicate key "format"'),
            (
                'many mistakes',
                json.dumps({str(n): n for n in range(50_000)}),
                '...',
            ),
        ):
            with self.subTest(what):
                self.write(text)

                error = self.assertRaises(
                    inventories.Unusable, inventories.load, self.path
                )

                self.assertIn(words, str(error))
                self.assertLess(len(str(error)), 600)

    def test_a_file_in_another_encoding(self):
        with open(self.path, 'wb') as file:
            file.write(b'format: "\xff"')

        error = self.assertRaises(
            inventories.Unusable, inventories.load, self.path
        )

        self.assertIn('invalid UTF-8', str(error))
