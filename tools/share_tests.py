# SPDX-License-Identifier: Apache-2.0
"""Share the tests out among the processes that run them.

Usage: share_tests.py share SUITE WORKERS
       share_tests.py measure STREAM
       share_tests.py missing SUITE STREAM

The tests of one module share the services that they start, so a module is run
by one process. ``share`` prints a worker file of stestr for ``unit`` or
``functional``: the modules that take longest come first, each goes to the
process that has least to do. How long they take is in :data:`DURATIONS`; those
that are not in it count as the one in the middle. ``measure`` prints the lines
of that file from the stream of a run: of a quiet machine. ``missing`` prints
the modules of which a stream has no test at all: a process that died took them
with it.
"""

from collections.abc import Callable
import datetime
import pathlib
import re
import statistics
import sys
from typing import Any

import subunit
import testtools
import yaml

_TOP = pathlib.Path(__file__).parents[1]
_TESTS = _TOP / 'trove' / 'tests'

#: Where the modules of a suite are, and what comes before their names. The
#: tests of the checker are a distribution of its own.
SUITES = {
    'functional': {_TESTS / 'functional': 'functional.'},
    'unit': {
        _TESTS / 'unit': 'unit.',
        _TOP / 'rpc-contract' / 'tests': 'tests.',
    },
}

#: A line is a module and seconds.
DURATIONS = _TOP / 'tools' / 'ci' / 'durations.txt'

#: They are checks of their own.
APART = ('dashboard', 'interop', 'openstack', 'tempest')

_MODULE = re.compile(
    r'(?:^|\.)((?:functional|unit|tests(?!\.(?:functional|unit)))'
    r'\.(?:\w+\.)*?test_\w+)\.'
)


def modules(suite: str) -> list[str]:
    """Return the modules of a suite, such as ``unit.db.test_session``."""
    return sorted(
        prefix + '.'.join(path.relative_to(top).with_suffix('').parts)
        for top, prefix in SUITES[suite].items()
        for path in top.rglob('test_*.py')
        if path.relative_to(top).parts[0] not in APART
        # It has those of another directory.
        and 'def load_tests(' not in path.read_text()
    )


def rule(name: str) -> str:
    """Return the pattern of the tests of a module."""
    return rf'(^|\.){re.escape(name)}\.'


def read(path: pathlib.Path) -> dict[str, float]:
    """Return the seconds that modules take."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {
        name: float(seconds)
        for name, seconds in (line.split() for line in lines)
    }


def share(
    names: list[str], durations: dict[str, float], workers: int
) -> list[list[str]]:
    """Return the modules of each process."""
    known = [durations[name] for name in names if name in durations]
    usual = statistics.median(known) if known else 1.0
    costs = {name: durations.get(name, usual) for name in names}
    shares: list[list[str]] = [[] for _ in range(workers)]
    loads = [0.0] * workers
    for name in sorted(names, key=lambda name: (-costs[name], name)):
        least = loads.index(min(loads))
        shares[least].append(name)
        loads[least] += costs[name]
    return shares


def measure(path: pathlib.Path) -> dict[str, float]:
    """Return the seconds of each module in a stream of subunit.

    What is started for a class is no event of the stream: a module takes from
    the end of the one that the same process ran before.
    """
    ends: dict[str, datetime.datetime] = {}
    seconds: dict[str, float] = {}

    def note(test: dict[str, Any]) -> None:
        found = _MODULE.search(str(test['id']))
        began, ended = test['timestamps'][0], test['timestamps'][-1]
        worker = ''.join(sorted(test['tags'] or ()))
        if found is None or None in (began, ended):
            return
        before = ends.get(worker, began)
        ends[worker] = ended
        taken = (ended - before).total_seconds()
        seconds[found[1]] = seconds.get(found[1], 0.0) + taken

    _each(path, note)
    return seconds


def _each(path: pathlib.Path, note: Callable[[dict[str, Any]], None]) -> None:
    """Call ``note`` with each test of a stream."""
    result = testtools.StreamToDict(note)
    result.startTestRun()
    with path.open('rb') as stream:
        subunit.ByteStreamToStreamResult(stream).run(result)
    result.stopTestRun()


def missing(suite: str, path: pathlib.Path) -> list[str]:
    """Return the modules that no test of a stream is of."""
    found = set()

    def note(test: dict[str, Any]) -> None:
        module = _MODULE.search(str(test['id']))
        if module is not None:
            found.add(module[1])

    _each(path, note)
    return [name for name in modules(suite) if name not in found]


def main(arguments: list[str]) -> int:
    if arguments[0] == 'missing':
        for name in missing(arguments[1], pathlib.Path(arguments[2])):
            print(name)
        return 0
    if arguments[0] == 'measure':
        found = measure(pathlib.Path(arguments[1]))
        for name, seconds in sorted(found.items()):
            print(f'{name} {seconds:.0f}')
        return 0
    shares = share(modules(arguments[1]), read(DURATIONS), int(arguments[2]))
    print(
        yaml.safe_dump(
            [{'worker': [rule(name) for name in names]} for names in shares]
        )
    )
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
