# SPDX-License-Identifier: Apache-2.0
"""Check some files in seconds: their style, contracts and unit tests.

Usage: quick_tests.py PATH...

The tests of a file are those that are named after it; else those that
``trove/tests/unit/test_tested.py`` names; else those that import it. With
them go the checks of :data:`CHECKS`. The exit status is 1 if any failed, 2 if
a path is wrong.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from trove.tests.unit import test_tested  # noqa: E402

_UNIT = 'trove/tests/unit'

#: Tests of one file that are run at most, where none is named after it.
MOST = 6

#: What must be declared of a kind of file, by a pattern of its path, and the
#: tests that say what is missing, below ``trove/tests/unit``.
CHECKS: Sequence[tuple[str, Sequence[str]]] = (
    (r'(trove|rpc-contract)/.*\.py', ('test_imports.py',)),
    (r'trove/(?!tests/).*\.py', ('test_tested.py',)),
    (r'trove/conf/.*', ('conf/test_used.py',)),
    (
        r'trove/(api|policies)/.*|api-ref/.*',
        ('api/test_declared.py',),
    ),
    (
        r'trove/taskmanager/.*|trove/objects/instance/workflows\.py',
        ('taskmanager/workflows/test_registry.py',),
    ),
    (
        r'trove/common/rpc/_released/.*|trove/taskmanager/api\.py',
        ('common/rpc/_released/test_notification.py',),
    ),
    (
        r'trove/guestagent/.*',
        (
            'guestagent/test_orders.py',
            'guestagent/datastores/test_declared.py',
        ),
    ),
    (
        r'trove/common/datastores/.*',
        ('guestagent/datastores/test_declared.py',),
    ),
    (r'trove/cloud/.*', ('cloud/test_declared.py',)),
    (
        r'trove/(common/rpc|conf)/.*',
        ('common/rpc/_broker/test_needs.py',),
    ),
    (
        r'setup\.cfg|(.*/)?(.*requirements|constraints)\.txt|'
        r'rpc-contract/pyproject\.toml',
        (
            'test_requirements.py',
            'test_hygiene.py',
            'cloud/test_declared.py',
            'guestagent/datastores/test_declared.py',
        ),
    ),
    (r'(doc|api-ref)/.*', ('test_docs.py',)),
    (r'.*\.rst|trove/.*\.py', ('test_words.py',)),
)

#: Whose changes may break a contract between releases.
CONTRACTS = re.compile(
    r'trove/\w+/(api\.py|api/.*|manager\.py)|trove/common/rpc/.*|contracts/.*'
)


class WrongPath(Exception):
    """A path that cannot be checked."""


@dataclasses.dataclass
class Plan:
    """What is run.

    :ivar notes: what is not checked, and how to
    """

    python: list[str] = dataclasses.field(default_factory=list)
    shell: list[str] = dataclasses.field(default_factory=list)
    tests: list[str] = dataclasses.field(default_factory=list)
    contracts: bool = False
    release_notes: bool = False
    notes: list[str] = dataclasses.field(default_factory=list)

    def commands(self) -> Iterator[list[str]]:
        """The commands to run, the quickest first."""
        if self.release_notes:
            yield ['reno', '--quiet', 'lint']
        if self.shell:
            yield ['bashate', '--ignore', 'E006,E010,E011', *self.shell]
            yield ['shellcheck', *self.shell]
        if self.python:
            yield ['ruff', 'check', *self.python]
            yield ['flake8', *self.python]
        if self.contracts:
            yield ['rpc-contract', 'check']
        if self.tests:
            names = (each.removesuffix('.py') for each in self.tests)
            yield [
                *(sys.executable, '-m', 'testtools.run'),
                *(name.replace('/', '.') for name in names),
            ]


def plan(paths: Sequence[str], top: pathlib.Path = TOP) -> Plan:
    """Return what matters for files.

    :param paths: relative to ``top``
    :raises WrongPath: there is no such file
    """
    found = Plan()
    tests: dict[str, None] = {}
    for path in paths:
        if not (top / path).is_file():
            raise WrongPath(f'there is no file {path}')
        if path.endswith('.sh') or path == '.ci/run':
            found.shell.append(path)
        if path.endswith('.py'):
            found.python.append(path)
            own = list(_tests_of(path, top))
            tests.update(dict.fromkeys(own[:MOST]))
            if own[MOST:]:
                found.notes.append(
                    f'{len(own) - MOST} more test modules import {path}; the '
                    'first are run.'
                )
        found.contracts |= bool(CONTRACTS.fullmatch(path))
        found.release_notes |= path.startswith('releasenotes/')
        for pattern, checks in CHECKS:
            if re.fullmatch(pattern, path):
                tests.update(dict.fromkeys(f'{_UNIT}/{c}' for c in checks))
        found.notes += _notes(path)
    found.tests = sorted(tests)
    return found


def _notes(path: str) -> Iterator[str]:
    """Say what is not checked of a file in seconds."""
    line = test_tested.line_for(_module(path))
    for place in test_tested.ELSEWHERE[line] if line else ():
        if not place.endswith('.py') or not place.startswith('unit/'):
            yield f'{path} is also tested by trove/tests/{place}.'
    for place, check in (
        ('doc/', 'docs'),
        ('rpc-contract/doc/', 'docs'),
        ('api-ref/', 'api-ref'),
        ('trove/tests/functional/', 'functional'),
        ('benchmarks/', 'benchmarks'),
    ):
        if path.startswith(place):
            yield f'Not checked: {path}. Run tools/run-tests.sh {check}'


def _module(path: str) -> str:
    name = path.removesuffix('.py').replace('/', '.')
    return name.removesuffix('.__init__')


def _tests_of(path: str, top: pathlib.Path) -> Iterator[str]:
    """Yield the unit tests of a Python file."""
    if path.startswith('trove/tests/functional/'):
        return
    if pathlib.Path(path).name.startswith('test_') and '/tests/' in path:
        yield path.removeprefix('rpc-contract/')
        return
    if path.startswith('rpc-contract/src/rpc_contract/'):
        inside = path.removeprefix('rpc-contract/src/rpc_contract/')
        yield from _named(top / 'rpc-contract', 'tests', inside)
        return
    if path.startswith('tools/'):
        yield from _naming(path, top)
        return
    if not path.startswith('trove/'):
        return
    inside = path.removeprefix('trove/')
    named = list(_named(top, _UNIT, inside))
    module = _module(path)
    yield from named or _elsewhere(module) or _importing(module, inside, top)


def _named(top: pathlib.Path, tests: str, inside: str) -> Iterator[str]:
    """Yield the tests that are named after a module."""
    path = pathlib.PurePath(inside)
    name = path.stem.lstrip('_')
    folder = top / tests / path.parent
    if path.stem != '__init__':
        for pattern in (f'test_{name}.py', f'test_{name}_*.py'):
            for found in sorted(folder.glob(pattern)):
                yield str(found.relative_to(top))


def _elsewhere(module: str) -> list[str]:
    """Return the unit tests that reach a module through the door of others."""
    line = test_tested.line_for(module)
    named = test_tested.ELSEWHERE[line] if line else ()
    return [
        f'trove/tests/{each}'
        for each in named
        if each.startswith('unit/') and each.endswith('.py')
    ]


def _importing(module: str, inside: str, top: pathlib.Path) -> list[str]:
    """Return the unit tests that import a module, the nearest first."""
    package, _, name = module.rpartition('.')
    line = re.compile(
        rf'^from {re.escape(package)} import {name}\b|'
        rf'^import {re.escape(module)}\b',
        re.MULTILINE,
    )
    found = [
        str(path.relative_to(top))
        for path in sorted((top / _UNIT).rglob('test_*.py'))
        if line.search(path.read_text('utf-8'))
    ]
    near = pathlib.PurePath(_UNIT, inside).parent

    def distance(path: str) -> tuple[int, int]:
        shared = os.path.commonpath([near, path])
        return -len(shared), path.count('/')

    return sorted(found, key=distance)


def _naming(path: str, top: pathlib.Path) -> Iterator[str]:
    """Yield the tests that load a tool by its name."""
    name = pathlib.PurePath(path).stem
    for found in sorted((top / _UNIT).glob('test_tools*.py')):
        if f"'{name}" in found.read_text('utf-8'):
            yield str(found.relative_to(top))


def run(found: Plan) -> int:
    """Run a plan to its end; return the exit status."""
    for note in found.notes:
        print(note)
    status = 0
    # Both distributions have tests; those of the checker are "tests".
    environment = {**os.environ, 'PYTHONPATH': str(TOP / 'rpc-contract')}
    for command in found.commands():
        print('Running', ' '.join(command), flush=True)
        done = subprocess.run(command, cwd=TOP, env=environment, check=False)
        status = status or int(done.returncode != 0)
    return status


def main(arguments: Sequence[str]) -> int:
    if not arguments:
        print(
            'quick_tests.py: which files? As in: --quick trove/api/routes.py',
            file=sys.stderr,
        )
        return 2
    try:
        relative = [os.path.relpath(each, TOP) for each in arguments]
        return run(plan(relative))
    except WrongPath as error:
        print(f'quick_tests.py: {error}', file=sys.stderr)
        return 2


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
