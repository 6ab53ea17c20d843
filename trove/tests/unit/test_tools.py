# SPDX-License-Identifier: Apache-2.0
"""The scripts that the gate's verdict depends on."""

from __future__ import annotations

from importlib import metadata
import importlib.util
import os
import pathlib
import re
import subprocess
import textwrap
from typing import Any
import zipfile

import fixtures
import yaml

from rpc_contract import commands
from trove.tests import base
from trove.tests.unit import import_rules

TOOLS = import_rules.TOP / 'tools'


def tool(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, TOOLS / f'{name}.py')
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestWheel(base.TestCase):
    """tools/check_wheel.py"""

    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in ('trove/a.py', 'trove/db/script.py.mako', 'trove/b.pyc'):
            path = self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def missing(self, *names: str) -> list[str]:
        """What a wheel of these files lacks."""
        path = self.top / 'trove.whl'
        with zipfile.ZipFile(path, 'w') as archive:
            for name in names:
                archive.writestr(name, '')
        found: list[str] = tool('check_wheel').missing(
            str(path), self.top / 'trove', 'etc/trove/api-paste.ini'
        )
        return found

    def test_complete(self) -> None:
        found = self.missing(
            'trove/a.py',
            'trove/db/script.py.mako',
            'trove-1.data/data/etc/trove/api-paste.ini',
        )

        self.assertEqual([], found)

    def test_lacks_files(self) -> None:
        self.assertEqual(
            ['trove/db/script.py.mako', 'etc/trove/api-paste.ini'],
            self.missing('trove/a.py'),
        )


class TestInstall(base.TestCase):
    """tools/install.sh, uv.sh and generate-constraints.sh, without network"""

    #: Answers what pip would, and says what else it is asked.
    PYTHON = r"""#!/bin/sh
case "$*" in
    --version) echo Python 3.11.2 ;;
    *"config list")
        echo ":env:.cert='/certificates'"
        echo "global.cert='/others'"
        echo "global.index-url='https://mirror.example/simple'" ;;
    *compileall*) echo "$*" >"$0.compiled" ;;
esac
"""

    def setUp(self) -> None:
        super().setUp()
        self.venv = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        (self.venv / 'bin').mkdir()
        self.install('python', self.PYTHON)

    def install(self, name: str, text: str) -> str:
        path = self.venv / 'bin' / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def run_tool(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(TOOLS / command[0]), *command[1:]],
            env={
                'PATH': os.environ['PATH'],
                'PYTHON': str(self.venv / 'bin' / 'python'),
                'TROVE_VENV': str(self.venv),
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def test_uv_has_the_settings_of_pip(self) -> None:
        self.install(
            'uv', '#!/bin/sh\necho "$UV_DEFAULT_INDEX $SSL_CERT_FILE $*"\n'
        )

        done = self.run_tool('uv.sh', 'pip', 'tree')

        self.assertEqual(
            'https://mirror.example/simple /certificates pip tree\n',
            done.stdout,
            done.stderr,
        )

    def test_what_cannot_be_installed_is_named(self) -> None:
        self.install(
            'uv', '#!/bin/sh\necho soupsieve wants another >&2\nexit 1\n'
        )

        done = self.run_tool('install.sh', '--tests')

        self.assertEqual(1, done.returncode)
        self.assertIn('soupsieve wants another', done.stderr)
        self.assertIn('Python 3.11.2 cannot have', done.stderr)
        self.assertIn('PYTHON=', done.stderr)
        self.assertEqual([], list(self.venv.glob('.trove-*')))

    def test_what_is_installed_is_compiled(self) -> None:
        self.install('uv', '#!/bin/sh\n')

        done = self.run_tool('install.sh')

        self.assertEqual(0, done.returncode, done.stderr)
        compiled = (self.venv / 'bin' / 'python.compiled').read_text()
        self.assertEqual(
            ['trove', f'{self.venv}/lib'], compiled.split()[-2:]
        )

    def test_pins_are_checked_for_each_python_that_is_promised(self) -> None:
        setup = (import_rules.TOP / 'setup.cfg').read_text('utf-8')
        promised = re.findall(r' Python :: (3\.\d+)', setup)
        script = (TOOLS / 'generate-constraints.sh').read_text('utf-8')
        (checked,) = re.findall(r'^pythons=\((.*)\)$', script, re.MULTILINE)

        self.assertEqual(
            promised, ['.'.join(v.split('.')[:2]) for v in checked.split()]
        )


class TestRunTests(base.TestCase):
    """tools/run-tests.sh, as far as it runs nothing."""

    def run_tests(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(TOOLS / 'run-tests.sh'), *arguments],
            cwd='/',
            capture_output=True,
            text=True,
            check=False,
        )

    def test_list(self) -> None:
        done = self.run_tests('--list')

        self.assertEqual(0, done.returncode, done.stderr)
        names = [line.split()[0] for line in done.stdout.splitlines()]
        for name in ('style', 'types', 'unit', 'functional', 'docs'):
            self.assertIn(name, names)

    def test_unknown_check(self) -> None:
        done = self.run_tests('style', 'nonsense')

        self.assertEqual(2, done.returncode)
        self.assertIn('no check nonsense', done.stderr)

    def test_openstack_is_skipped_where_it_cannot_run(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('TROVE_DEFAULT', '1'))
        self.useFixture(fixtures.EnvironmentVariable('OSRIG_PREFIX', '9'))

        done = self.run_tests('--check', 'openstack')

        self.assertEqual(77, done.returncode, done.stderr)
        self.assertIn('OSRIG_PREFIX is 9', done.stderr)
        self.assertIn('Not run here', done.stdout)

    def test_gate_runs_what_the_readme_says_on_the_machine_it_names(
        self,
    ) -> None:
        gate = self.commands('.ci/run')[-1]
        readme = (import_rules.TOP / 'README.rst').read_text('utf-8')

        _, _, command = gate.partition('tools/ci/bare-debian.sh" ')
        self.assertIn(f'   $ {command.strip()}\n', readme)
        self.assertIn('apt-get install python3-venv git``', readme)
        text = '\n'.join(self.commands('tools/ci/bare-debian.sh'))
        (packages,) = re.findall(r'--include=(\S+)', text)
        self.assertEqual(
            {'ca-certificates', 'git', 'python3-venv'},
            set(packages.split(',')),
        )

    def commands(self, name: str) -> list[str]:
        """The commands of a script, each in one line."""
        text = (import_rules.TOP / name).read_text('utf-8')
        lines = text.replace('\\\n', ' ').splitlines()
        return [line for line in lines if not line.startswith('#')]

    def test_bare_system_wants_a_command(self) -> None:
        done = subprocess.run(
            [str(TOOLS / 'ci' / 'bare-debian.sh')],
            capture_output=True,
            text=True,
            check=False,
        )

        self.assertEqual(1, done.returncode)
        self.assertIn('which command?', done.stderr)

    def test_bare_system_wants_room(self) -> None:
        if os.geteuid() != 0:
            self.skipTest('only root makes a system')
        # Given a place that is not the disk's, and programs that must not run
        place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name, output in ('stat', '1 * 1'), ('debootstrap', ''):
            (place / name).write_text(f'#!/bin/sh\necho "{output}"\n')
            (place / name).chmod(0o755)

        done = subprocess.run(
            [str(TOOLS / 'ci' / 'bare-debian.sh'), 'true'],
            env={
                'PATH': f'{place}:{os.environ["PATH"]}:/usr/sbin',
                'TMPDIR': str(place),
            },
            capture_output=True,
            text=True,
            check=False,
        )

        self.assertEqual(1, done.returncode)
        self.assertIn('0 GiB free, 8 are needed', done.stderr)
        self.assertEqual([], list(place.glob('trove-bare-*')))


class TestHooks(base.TestCase):
    """What pre-commit runs here, and what other projects are told to run."""

    def hooks(self, text: str) -> dict[str, dict[str, Any]]:
        data = yaml.safe_load(text)
        listed = data if isinstance(data, list) else data['repos']
        return {hook['id']: hook for hook in listed[0]['hooks']}

    def own(self) -> dict[str, dict[str, Any]]:
        path = import_rules.TOP / '.pre-commit-config.yaml'
        return self.hooks(path.read_text('utf-8'))

    def told(self) -> dict[str, dict[str, Any]]:
        path = import_rules.TOP / 'rpc-contract/doc/adopt.rst'
        _, _, rest = path.read_text('utf-8').partition('-config.yaml``:\n')
        block = re.search(r'code-block:: yaml\n\n((?:   .*\n|\n)+)', rest)
        assert block is not None
        return self.hooks(textwrap.dedent(block[1]))

    def test_contracts_are_checked_whatever_is_committed(self) -> None:
        """A lock that is deleted is no file that a hook is run for."""
        for hook in (
            self.own()['rpc-contracts'],
            self.told()['rpc-contract'],
        ):
            self.assertTrue(hook['always_run'])
            self.assertFalse(hook['pass_filenames'])
            self.assertNotIn('files', hook)
            self.assertNotIn('types_or', hook)

    def checks(self) -> str:
        return subprocess.run(
            [str(TOOLS / 'run-tests.sh'), '--list'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def test_they_run_what_there_is(self) -> None:
        checks = self.checks()
        for hook in self.own().values():
            script, check = hook['entry'].split()
            self.assertTrue((import_rules.TOP / script).exists())
            self.assertIn(f'\n{check} ', f'\n{checks}')

    def test_zuul_and_tox_run_what_there_is(self) -> None:
        told = yaml.safe_load((import_rules.TOP / '.zuul.yaml').read_text())
        jobs = {each['job']['name']: each['job'] for each in told[:-1]}
        tox = (import_rules.TOP / 'tox.ini').read_text()
        wanted = re.findall(r'bash tools/run-tests.sh (.*)', tox)

        for job in jobs.values():
            wanted.append(job.get('vars', {}).get('trove_checks', ''))
            for phase in {'pre-run', 'run', 'post-run'} & set(job):
                path = import_rules.TOP / job[phase]
                self.assertTrue(path.exists(), path)

        checks = self.checks()
        for check in ' '.join(wanted).split():
            self.assertIn(f'\n{check} ', f'\n{checks}')
        for queue in 'check', 'gate':
            named = {
                each if isinstance(each, str) else next(iter(each))
                for each in told[-1]['project'][queue]['jobs']
            }
            self.assertLessEqual(named, set(jobs))

    def test_other_projects_run_what_is_installed(self) -> None:
        (hook,) = self.told().values()
        script, command = hook['entry'].split()

        self.assertIn(command, commands.COMMANDS)
        points = metadata.entry_points(name=script)
        self.assertIn('console_scripts', {point.group for point in points})
