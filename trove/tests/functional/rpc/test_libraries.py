# SPDX-License-Identifier: Apache-2.0
"""The messaging libraries that requirements.txt allows, lowest and newest."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

from packaging import requirements

from trove.tests import base

TOP = pathlib.Path(__file__).parents[4]

LIBRARIES = ('amqp', 'kombu', 'oslo.messaging')

#: What shows that they have all that is used of them, and that it works.
TESTS = tuple(
    f'trove.tests.unit.common.rpc._broker.test_{name}'
    for name in ('buffer', 'needs', 'reader')
)


def allowed() -> list[requirements.Requirement]:
    lines = (TOP / 'requirements.txt').read_text('utf-8').splitlines()
    wanted = [line.partition('#')[0].strip() for line in lines]
    found = [requirements.Requirement(line) for line in wanted if line]
    return [each for each in found if each.name in LIBRARIES]


def lowest(library: requirements.Requirement) -> str:
    (bound,) = (each for each in library.specifier if each.operator == '>=')
    return f'{library.name}=={bound.version}'


class LibrariesTest(base.TestCase):
    """Each set is put before those that are installed."""

    def given(self, *wanted: str) -> pathlib.Path:
        target = self.enterContext(tempfile.TemporaryDirectory())
        done = subprocess.run(
            [
                *(str(TOP / 'tools' / 'uv.sh'), 'pip', 'install', '--quiet'),
                *('--no-deps', '--python', sys.executable),
                *('--target', target, *wanted),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            self.skipTest(f'They cannot be installed: {done.stderr}')
        return pathlib.Path(target)

    def check(self, *wanted: str) -> None:
        target = self.given(*wanted)
        done = subprocess.run(
            [sys.executable, '-m', 'unittest', *TESTS],
            cwd=TOP,
            env={**os.environ, 'PYTHONPATH': str(target)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

        self.assertEqual(0, done.returncode, f'{wanted}: {done.stderr}')

    def test_lowest(self) -> None:
        self.check(*map(lowest, allowed()))

    def test_newest(self) -> None:
        self.check(*map(str, allowed()))
