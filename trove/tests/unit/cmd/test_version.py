# SPDX-License-Identifier: Apache-2.0
"""Every program says which release it is of."""

from __future__ import annotations

import configparser
import pathlib
import subprocess
import sys

import fixtures

from trove.tests import base
from trove.tests.unit import import_rules

_RELEASE = 'from trove import version; print(version.release())'


def programs() -> list[str]:
    """The console scripts that the package declares."""
    parser = configparser.ConfigParser()
    parser.read(import_rules.TOP / 'setup.cfg')
    lines = parser['entry_points']['console_scripts'].split('\n')
    return [line.partition('=')[0].strip() for line in lines if line.strip()]


class VersionTest(base.TestCase):
    def test_of_each_program_without_any_configuration(self) -> None:
        # Given a machine on which nothing is set up.
        empty = self.useFixture(fixtures.TempDir()).path
        scripts = pathlib.Path(sys.executable).parent
        running = {
            name: subprocess.Popen(
                [scripts / name, '--version'],
                cwd=empty,
                env={'HOME': empty, 'PATH': ''},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in programs()
        }

        # Here, what a build left in the tree would hide the installed one.
        installed = subprocess.run(
            [sys.executable, '-c', _RELEASE],
            cwd=empty,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

        said = {name: each.communicate() for name, each in running.items()}

        self.assertIn('trove-api', said)
        self.assertNotEqual('unknown', installed)
        for name, process in running.items():
            self.assertEqual(
                (0, (f'{name} {installed}\n', '')),
                (process.returncode, said[name]),
                name,
            )
