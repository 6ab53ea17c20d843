# SPDX-License-Identifier: Apache-2.0
"""What pyproject.toml says counts, or is refused with what is wrong."""

from __future__ import annotations

import json

from rpc_contract import projects
from rpc_contract import reading
from tests import base

TOP = '[tool.rpc-contract]'
SEVERITY = '[tool.rpc-contract.severity]'
ONLY = '[tool.rpc-contract.ignore-only]'
CELLAR = '[tool.rpc-contract.interfaces.cellar]'


class ProjectsTest(base.TestCase):
    def read(self, text: str) -> projects.Project:
        self.tree.write('pyproject.toml', text)
        return projects.read(self.tree.top)

    def refused(self, text: str) -> str:
        """Return what is said of a file that is not taken."""
        if CELLAR not in text:
            text += f'\n{CELLAR}\nclient = "a:B"\n'
        return str(self.assertRaises(reading.Unusable, self.read, text))

    def test_everything(self) -> None:
        (self.tree.top / 'src').mkdir()

        found = self.read(f"""
{TOP}
source = "src"
locks = "locks"
suppressions = "borne.yaml"
senders = "wine.rpc:Sender"
refusing = "wine.refusals.serve"
{CELLAR}
client = "wine.api:API"
endpoint = ["wine.manager:Manager", "wine.manager:Old"]
allow-unread = ["store"]
""")

        (subject,) = found.subjects
        self.assertEqual(
            ('src', 'locks', 'borne.yaml', True),
            (found.source, found.locks, found.suppressions, found.whole),
        )
        self.assertEqual(
            projects.Subject(
                'cellar',
                'wine.api:API',
                ('wine.manager:Manager', 'wine.manager:Old'),
                frozenset({'store'}),
                ('wine.rpc:Sender',),
                'wine.refusals.serve',
            ),
            subject,
        )

    def test_of_another_interface_everything_else_counts(self) -> None:
        self.tree.write(
            'pyproject.toml',
            f"""
{TOP}
locks = "locks"
senders = "wine.rpc:Sender"
refusing = "wine.refusals.serve"
{CELLAR}
client = "wine.api:API"
""",
        )
        shop = projects.Subject('shop', 'wine.shop:API')

        found = projects.of(self.tree.top, shop)

        (subject,) = found.subjects
        self.assertEqual('shop', subject.interface)
        self.assertEqual('wine.shop:API', subject.client)
        self.assertEqual(('wine.rpc:Sender',), subject.senders)
        self.assertEqual('wine.refusals.serve', subject.refusing)
        self.assertEqual(('locks', False), (found.locks, found.whole))

    def test_defaults(self) -> None:
        found = self.read(f'{CELLAR}\nendpoint = "wine.manager:Manager"\n')

        (subject,) = found.subjects
        self.assertEqual(
            ('.', 'contracts', 'contracts/suppressions.yaml'),
            (found.source, found.locks, found.suppressions),
        )
        self.assertEqual(('wine.manager:Manager',), subject.endpoints)
        self.assertIsNone(subject.client)

    def test_key_that_means_nothing_is_refused_with_the_nearest(self) -> None:
        for text, key, near in (
            (f'{TOP}\nlock = "c"\n', 'lock', 'locks'),
            (f'{TOP}\nsuppression = "c"\n', 'suppression', 'suppressions'),
            (f'{TOP}\nignores = "c"\n', 'ignores', 'ignore'),
            (f'{TOP}\nfail_on = "note"\n', 'fail_on', 'fail-on'),
            (f'{CELLAR}\nendpoints = "m:M"\n', 'endpoints', 'endpoint'),
            (f'{CELLAR}\nallow_unread = true\n', 'allow_unread', 'allow-'),
            (f'{SEVERITY}\ntype-change = "note"\n', 'type-change', 'type-'),
            (f'{ONLY}\nunreed = "a"\n', 'unreed', 'unread'),
        ):
            with self.subTest(key):
                said = self.refused(text)
                self.assertIn(f'has no key "{key}". Is it "{near}', said)
                self.assertIn('There are ', said)

    def test_key_like_no_other_is_refused_with_those_that_there_are(
        self,
    ) -> None:
        said = self.refused(f'{CELLAR}\nqueue = "wine"\n')

        self.assertIn(
            'has no key "queue". There are client, endpoint, allow-unread.',
            said,
        )

    def test_section_that_is_misspelt_is_told(self) -> None:
        for name in ('rpc_contract', 'rpc-contracts', 'rpccontract'):
            with self.subTest(name):
                self.tree.write(
                    'pyproject.toml',
                    f'[tool.{name}.interfaces.cellar]\nclient = "a:B"\n',
                )
                error = self.assertRaises(
                    reading.Unusable, projects.read, self.tree.top
                )
                self.assertIn('names no interfaces', str(error))
                self.assertIn(f'It has [tool.{name}], which', str(error))

    def test_file_that_is_not_there_is_told(self) -> None:
        error = self.assertRaises(
            reading.Unusable, projects.read, self.tree.top
        )

        file = self.tree.top / 'pyproject.toml'
        self.assertEqual(
            f'There is no {file}. Add [tool.rpc-contract.interfaces.NAME] to '
            'it, or use --client and --endpoint.',
            str(error),
        )

    def test_file_without_interfaces_is_told_once(self) -> None:
        error = self.assertRaises(reading.Unusable, self.read, f'{TOP}\n')

        self.assertIn('names no interfaces in [tool.rpc', str(error))
        self.assertEqual(1, str(error).count('--client'))

    def test_value_of_another_form_is_refused(self) -> None:
        for text, said in (
            (f'{TOP}\nlocks = 1\n', '"locks" = 1 where a string belongs'),
            (f'{TOP}\nlocks = ""\n', "\"locks\" = '' where a string belongs"),
            (f'{TOP}\nsenders = [1]\n', 'a list of strings'),
            (f'{TOP}\nuse = 1\n', 'a list of strings'),
            (f'{TOP}\nseverity = 1\n', 'severity] is 1 where a table'),
            (f'{TOP}\nfail-on = "fatal"\n', 'note, warning, error, never'),
            (f'{CELLAR}\nallow-unread = "a"\n', 'true or false'),
            (f'{CELLAR}\nallow-unread = 0\n', 'true or false'),
            (f'{CELLAR}\nallow-unread = {"x" * 900!r}\n', "xxx... where"),
        ):
            with self.subTest(text):
                self.assertIn(said, self.refused(text))

    def test_paths_are_within_the_tree(self) -> None:
        for key in ('source', 'locks', 'suppressions', 'ignore'):
            for path in ('/etc', '../other', 'a/../../b'):
                with self.subTest(key, path=path):
                    self.assertIn(
                        'below the directory of that file',
                        self.refused(f'{TOP}\n{key} = "{path}"\n'),
                    )

    def test_links_do_not_lead_out_of_the_tree(self) -> None:
        other = self.useFixture(base.Tree()).top
        (self.tree.top / 'away').symlink_to(other)
        (self.tree.top / 'circle').symlink_to('circle')
        for key in ('source', 'locks', 'suppressions', 'ignore'):
            for path in ('away', 'away/a', 'circle/a'):
                with self.subTest(key, path=path):
                    self.assertIn(
                        'below the directory of that file',
                        self.refused(f'{TOP}\n{key} = "{path}"\n'),
                    )
        for name in ('contracts', 'contracts/suppressions.yaml'):
            with self.subTest(name):
                path = self.tree.top / name
                path.parent.mkdir(exist_ok=True)
                path.symlink_to(other)
                self.assertIn(f'{name} leads out of', self.refused(''))
                path.unlink()

    def test_links_within_the_tree_are_followed(self) -> None:
        (self.tree.top / 'kept').mkdir()
        (self.tree.top / 'contracts').symlink_to('kept')

        found = self.read(f'{CELLAR}\nclient = "a:B"\n')

        self.assertEqual('contracts', found.locks)

    def test_name_of_an_interface_is_that_of_a_directory(self) -> None:
        for name in ('', '.', '../x', '/tmp/x', 'a/b', '-x', 'a b', 'a\n'):
            with self.subTest(name):
                self.assertIn(
                    f'{name!r} is not the name of an interface: use letters',
                    self.refused(
                        '[tool.rpc-contract.interfaces.'
                        f'{json.dumps(name)}]\nclient = "a:B"\n'
                    ),
                )
                subject = projects.Subject(name, 'a:B')
                (self.tree.top / 'pyproject.toml').unlink()
                error = self.assertRaises(
                    reading.Unusable, projects.of, self.tree.top, subject
                )
                self.assertIn('is not the name of an inter', str(error))
        for name in ('cellar', '_old', '3.0', 'wine-cellar'):
            self.read(
                f'[tool.rpc-contract.interfaces."{name}"]\nclient = "a:B"\n'
            )

    def test_what_is_not_there_is_told(self) -> None:
        self.assertIn('directory', self.refused(f'{TOP}\nsource = "src"\n'))
        self.assertIn(
            'names "wine" in "ignore", which does not exist',
            self.refused(f'{TOP}\nignore = ["wine"]\n'),
        )
