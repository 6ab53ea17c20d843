# SPDX-License-Identifier: Apache-2.0
"""rpc-contract check."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile

import fixtures

import rpc_contract
from rpc_contract import commands
from rpc_contract import reports
from tests.commands import base


class CheckTest(base.TestCase):
    def test_no_problems(self) -> None:
        self.assertEqual(0, self.run_it('check'), self.error)

        self.assertIn('cellar 1.2', self.out)
        self.assertEqual('', self.error)

    def test_problems(self) -> None:
        self.change(base.BREACH)

        self.assertEqual(1, self.run_it('check'))

        self.assertIn('cellar/api.py:26: error: call-to-cast', self.out)
        self.assertIn('cellar.find', self.out)
        self.assertIn('cellar 1.1', self.out)
        self.assertIn('Make find a call again', self.out)
        self.assertEqual('', self.error)

    def test_part_that_was_not_read_fails_unless_it_is_allowed(self) -> None:
        self.change("""
-class API(rpc.Client, interface=INTERFACE):
+class API(somewhere.Else, rpc.Client, interface=INTERFACE):
""")

        self.assertEqual(1, self.run_it('check'))
        self.assertIn('error: partly-read: cellar.somewhere.Else', self.out)

        section = self.tree.top / 'pyproject.toml'
        text = section.read_text('utf-8')
        allowed = 'allow-unread = ["somewhere.Else"]'
        section.write_text(f'{text}{allowed}\n', 'utf-8')

        self.assertEqual(0, self.run_it('check'))
        self.assertIn('note: unread: cellar.somewhere.Else', self.out)

        section.write_text(f'{text}{allowed[:-1]}, "find"]\n', 'utf-8')

        self.assertEqual(1, self.run_it('check'))
        self.assertIn('warning: suppression-unused: cellar.find', self.out)

    def test_places_are_relative_to_the_tree_from_wherever(self) -> None:
        self.change(base.BREACH)
        tree = str(self.tree.top)
        for where in (tree, f'{tree}/cellar', '/'):
            with self.subTest(where):
                before = os.getcwd()
                os.chdir(where)
                self.addCleanup(os.chdir, before)
                path = os.path.relpath(tree)

                self.assertEqual(1, self.run_it('check', '--tree', path))

                first = self.out.partition('\n')[0]
                self.assertEqual(
                    'cellar/api.py:26: error: call-to-cast: cellar.find', first
                )

    def test_formats(self) -> None:
        self.change(base.BREACH)
        for form in reports.FORMATS:
            with self.subTest(form):
                self.assertEqual(1, self.run_it('check', '-f', form))
                self.assertIn('call-to-cast', self.out)

        self.assertEqual(1, self.run_it('check', '-f', 'json'))
        json.loads(self.out)

    def test_what_is_borne_does_not_fail(self) -> None:
        self.change(base.BREACH)
        self.tree.write(
            'contracts/suppressions.yaml',
            """
            suppressions:
              - rule: call-to-cast
                symbol: cellar.find
                reason: Nobody waits for wine.
                expires: 2999-01-01
            """,
        )

        self.assertEqual(0, self.run_it('check'), self.out)

        self.assertIn('suppressed', self.out)

    def test_against_a_git_revision_a_directory_and_a_wheel(self) -> None:
        revision = self.tree.commit()
        wheel = self.tree.top / 'cellar-1.0-py3-none-any.whl'
        with zipfile.ZipFile(wheel, 'w') as archive:
            for path in (self.tree.top / 'cellar').glob('*.py'):
                archive.write(path, f'cellar/{path.name}')
        before = self.tree.top / 'before'
        shutil.copytree(self.tree.top / 'cellar', before / 'cellar')
        # 1.2 is not frozen, so nothing else keeps it from being changed.
        self.change("""
-    @rpc.cast('1.2')
+    @rpc.call('1.2')
""")
        self.assertEqual(0, self.run_it('check'))

        for against in (revision, 'HEAD', str(wheel), str(before)):
            with self.subTest(against):
                status = self.run_it('check', '--against', against)
                self.assertEqual(1, status, self.error)
                self.assertIn('cast-to-call', self.out)
                self.assertIn(against, self.out)

    def test_packages_in_a_directory_of_their_own(self) -> None:
        wheel = self.tree.top / 'cellar-1.0-py3-none-any.whl'
        with zipfile.ZipFile(wheel, 'w') as archive:
            for path in (self.tree.top / 'cellar').glob('*.py'):
                archive.write(path, f'cellar/{path.name}')
        shutil.move(self.tree.top / 'cellar', self.tree.top / 'src/cellar')
        text = (self.tree.top / 'pyproject.toml').read_text('utf-8')
        self.tree.write(
            'pyproject.toml', f'[tool.rpc-contract]\nsource = "src"\n{text}'
        )
        revision = self.tree.commit()
        api = self.tree.top / 'src/cellar/api.py'
        api.write_text(
            api.read_text('utf-8').replace(
                "@rpc.cast('1.2')", "@rpc.call('1.2')"
            ),
            'utf-8',
        )

        self.assertEqual(0, self.run_it('check'), self.out + self.error)
        for against in (revision, str(wheel)):
            with self.subTest(against):
                self.assertEqual(1, self.run_it('check', '--against', against))
                self.assertIn('src/cellar/api.py:30: error: cast-to', self.out)

    def test_interface_that_is_new_is_compared_with_nothing(self) -> None:
        before = self.tree.top / 'before'
        before.mkdir()

        status = self.run_it('check', '--against', str(before))

        self.assertEqual(0, status, self.error)
        self.assertIn('note: unread', self.out)
        self.assertIn(f'Not compared with {before}', self.out)

    def test_client_and_endpoint_by_name(self) -> None:
        (self.tree.top / 'pyproject.toml').unlink()
        self.unusable('check')
        self.assertIn('There is no ', self.error)

        pair = ['--client', 'cellar.api:API']
        pair += ['--endpoint', 'cellar.manager:Manager']
        self.assertEqual(0, self.run_it('check', *pair), self.error)
        self.change(base.BREACH)
        self.assertEqual(1, self.run_it('check', *pair))
        self.assertEqual(1, self.run_it('check', *pair, 'cellar'))
        self.unusable('check', *pair, 'other')
        self.assertIn('rename it to cellar', self.error)
        self.unusable('check', *pair, 'cellar', 'other')
        self.tree.write('pyproject.toml', '[tool.rpc-contract]\nlock = "a"\n')
        self.unusable('check', *pair)
        self.assertIn('Is it "locks"?', self.error)

    def test_what_cannot_be_told_is_status_2(self) -> None:
        for arguments, reason in (
            (['--client', 'cellar.api:Nothing'], 'no class Nothing'),
            (['--client', 'cellar'], 'is not a class'),
            (['--against', 'no-such-thing'], 'no git revision'),
            (['nonsense'], 'no interface nonsense. Use one of cellar'),
            (['--tree', '/no/such/directory'], 'is not a directory'),
        ):
            with self.subTest(reason):
                self.unusable('check', *arguments)
                self.assertIn(reason, self.error)

    def test_source_that_is_no_python_is_status_2(self) -> None:
        (self.tree.top / 'cellar/api.py').write_text('class API(\n')

        self.unusable('check')

        self.assertIn('cellar/api.py is not readable Python', self.error)

    def test_wrong_option_is_status_2(self) -> None:
        self.assertEqual(2, self.run_it('check', '-f', 'nonsense'))
        self.assertEqual(2, self.run_it('check', '--nonsense'))

    def test_project_file_that_is_wrong_is_status_2(self) -> None:
        for text, reason in (
            ('[tool', 'cannot be read'),
            (
                '[tool.rpc-contract.interfaces.cellar]\nclient = 1\n',
                '"client"',
            ),
            ('[tool.rpc-contract.interfaces.cellar]\n', 'neither'),
            ('[tool.rpc-contract.interfaces]\ncellar = 1\n', '"client"'),
        ):
            with self.subTest(reason):
                self.tree.write('pyproject.toml', text)
                self.unusable('check')
                self.assertIn(reason, self.error)

    def test_class_of_which_nothing_is_read_fails(self) -> None:
        self.tree.write(
            'bottles.py',
            """
            class API:
                def store(self, ctxt, wine):
                    self.bus.sync_call(ctxt, 'store', wine=wine)


            class Manager:
                target = messaging.Target(version='1.0')

                def store(self, ctxt, wine):
                    ...
            """,
        )
        pair = ['--client', 'bottles:API', '--endpoint', 'bottles:Manager']

        self.assertEqual(1, self.run_it('check', *pair), self.error)
        self.assertIn('error: nothing-read: bottles.sends', self.out)
        last = self.out.splitlines()[-1]
        self.assertIn('0 methods sent, 1 served', last)

        self.assertEqual(0, self.run_it('check', *pair, '--allow-unread'))
        last = self.out.splitlines()[-1]
        self.assertIn('0 methods sent, 1 served', last)
        self.unusable('check', '--allow-unread')
        self.assertIn('set "allow-unread" there', self.error)

    def test_fail_on(self) -> None:
        self.tree.write(
            'contracts/suppressions.yaml',
            """
            suppressions:
              - rule: call-to-cast
                symbol: cellar.find
                reason: Nobody waits for wine.
                expires: 2999-01-01
            """,
        )
        self.assertEqual(1, self.run_it('check'))

        for given, status in (
            ('note', 1),
            ('warning', 1),
            ('error', 0),
            ('never', 0),
        ):
            with self.subTest(given):
                self.assertEqual(
                    status, self.run_it('check', '--fail-on', given)
                )
                self.assertIn('warning: suppression-unused', self.out)

    def test_fail_on_of_the_settings_is_what_counts_else(self) -> None:
        self.change(base.BREACH)
        text = (self.tree.top / 'pyproject.toml').read_text('utf-8')
        self.tree.write(
            'pyproject.toml',
            f'[tool.rpc-contract]\nfail-on = "never"\n{text}',
        )

        self.assertEqual(0, self.run_it('check'))
        self.assertEqual(1, self.run_it('check', '--fail-on', 'error'))

    def test_section_that_is_no_table_is_told(self) -> None:
        for text in (
            'tool = 1\n',
            '[tool]\nrpc-contract = "x"\n',
            '[tool.rpc-contract]\ninterfaces = ["cellar"]\n',
        ):
            with self.subTest(text):
                self.tree.write('pyproject.toml', text)
                self.unusable('check')
                self.assertIn('where a table belongs', self.error)


class WeightTest(base.TestCase):
    def test_nothing_of_the_tree_is_loaded(self) -> None:
        code = (
            'import sys\nfrom rpc_contract import main\n'
            "status = main.main(['check'])\n"
            'print(*sys.modules)\nsys.exit(status)'
        )

        done = subprocess.run(
            [sys.executable, '-c', code],
            cwd=self.tree.top,
            capture_output=True,
            check=False,
            text=True,
        )

        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        loaded = set(done.stdout.splitlines()[-1].split())
        self.assertIn('rpc_contract.checks', loaded)
        for name in ('cellar', 'jsonschema', 'oslo_messaging'):
            self.assertNotIn(name, loaded)


class ProgramTest(base.TestCase):
    """The program itself, as a process."""

    def program(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-m', 'rpc_contract', *arguments],
            cwd=self.tree.top,
            capture_output=True,
            check=False,
            text=True,
        )

    def test_status(self) -> None:
        self.assertEqual(0, self.program('check').returncode)
        self.assertEqual(2, self.program().returncode)
        self.assertEqual(2, self.program('chekc').returncode)

    def test_version_and_help(self) -> None:
        self.assertEqual(
            f'rpc-contract {rpc_contract.VERSION}\n',
            self.program('--version').stdout,
        )
        told = self.program('--help').stdout
        for name in commands.COMMANDS:
            self.assertRegex(told, rf'\n    {name}\s')
            self.assertIn(
                f'usage: rpc-contract {name}', self.program(name, '-h').stdout
            )

    def test_reader_that_goes_away(self) -> None:
        with subprocess.Popen(
            [sys.executable, '-m', 'rpc_contract', 'rules'],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            self.assertEqual(141, process.wait())
            self.assertEqual(b'', process.stderr.read())

    def test_what_others_wrote_controls_no_terminal(self) -> None:
        self.unusable('check', '--client', 'a:\x1b[2J')

        self.assertNotIn('\x1b', self.error)
        self.assertIn('\\x1b[2J', self.error)

    def test_a_bug_is_told_as_one(self) -> None:
        with fixtures.MonkeyPatch('rpc_contract.checks.check', None):
            self.unusable('check')
            self.assertIn('This is a bug', self.error)
            status, _out, error = base.run(
                '--debug', 'check', '--tree', str(self.tree.top)
            )

        self.assertEqual(2, status)
        self.assertIn('Traceback', error)
