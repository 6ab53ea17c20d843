# SPDX-License-Identifier: Apache-2.0
"""Runs tests against changed modules, each in a process of its own.

::

    python -m trove.tests.unit.mutations.trials SUBJECT...

prints a line of JSON for each mutation of the subjects, with the keys of
:class:`Outcome`. ``--all`` runs whole test modules instead of the tests that
are named, and says on standard error which of them fail: for who writes a
mutation.

All that does not import the changed module is imported once; then a process
is forked for each mutation, which imports the rest and runs the tests. So a
mutation takes a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence
import dataclasses
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import json
import os
import select
import signal
import sys
import time
from types import ModuleType
import unittest

from stevedore import extension
from testtools import testresult

from trove.tests.unit.mutations import subjects

#: What came of a mutation, by the status of its process.
NOTICED = 'noticed'
LIVED = 'lived'
STATUSES = {
    0: LIVED,
    1: NOTICED,
    3: 'its tests could not be loaded',
    4: 'the changed module cannot be imported',
}
UNENDED = 'it did not end'

#: Seconds for one mutation: a test that waits in vain costs too much.
_LONGEST = 120.0
_LONGEST_OF_ALL = 40.0

#: What takes long to import and needs none of the subjects. The first one
#: chooses how oslo.service runs, before the others import that.
_LIBRARIES = (
    *('trove.common.service', 'oslo_messaging', 'hypothesis.strategies'),
    *('sqlalchemy.orm', 'oslo_db.sqlalchemy.enginefacade', 'alembic.command'),
    *('psycopg', 'pymysql', 'falcon', 'yaml', 'kombu.transport.memory'),
    *('cryptography.hazmat.primitives.ciphers.aead', 'trove.db.migration'),
    'trove.tests.fixtures.database',
)


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of one mutation.

    :param what: of the mutation; None: of the tree without any change
    :param result: one of those above, or why it could not be tried
    """

    subject: str
    what: str | None
    result: str
    seconds: float


class _Reached(Exception):
    """The module that is going to be changed is about to be imported."""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module another source, or stops there.

    :param source: None: stop
    """

    def __init__(
        self, subject: subjects.Subject, source: str | None
    ) -> None:
        self._subject = subject
        self._source = source

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._subject.module:
            return None
        if self._source is None:
            raise _Reached
        file = self._subject.path
        package = file.name == '__init__.py'
        spec = importlib.machinery.ModuleSpec(
            fullname, self, origin=str(file), is_package=package
        )
        if package:
            spec.submodule_search_locations = [str(file.parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._subject.path)
        code = compile(self._source or '', module.__file__, 'exec')
        exec(code, vars(module))


def _import_before(subject: subjects.Subject) -> None:
    """Import all that the tests need and that does not need the module."""
    finder = _Finder(subject, None)
    sys.meta_path.insert(0, finder)
    try:
        for name in (*_LIBRARIES, *subject.tests):
            try:
                importlib.import_module(name)
            except _Reached:
                continue
    finally:
        sys.meta_path.remove(finder)
    # Packages that were not imported to the end are begun anew.
    for name in sorted(sys.modules):
        package = name.rpartition('.')[0]
        if name.startswith('trove.') and package not in sys.modules:
            del sys.modules[name]


def _run(
    subject: subjects.Subject, source: str | None, tests: Sequence[str]
) -> int:
    """Run tests against a source; return one of :data:`STATUSES`."""
    if source is not None:
        sys.meta_path.insert(0, _Finder(subject, source))
        try:
            importlib.import_module(subject.module)
        except Exception as error:  # noqa: BLE001
            _tell(repr(error))
            return 4
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(tests)
    if loader.errors or not suite.countTestCases():
        _tell('\n'.join(loader.errors))
        return 3
    result = testresult.TextTestResult(io.StringIO(), failfast=False)
    result.startTestRun()
    suite.run(result)
    for test, _ in (*result.failures, *result.errors):
        _tell(f'    {test.id()}')
    return 0 if result.wasSuccessful() else 1


def _forked(work: Callable[[], int], seconds: float | None) -> str:
    """Do some work in a process of its own; return what became of it."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        status = 5
        try:
            status = work()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    code = _wait(child, seconds)
    if code is None:
        return UNENDED
    return STATUSES.get(code, f'it ended with status {code}')


def _wait(child: int, seconds: float | None) -> int | None:
    """Return the status of a process; None: it had to be killed."""
    handle = os.pidfd_open(child)
    try:
        ended, _, _ = select.select([handle], [], [], seconds)
    finally:
        os.close(handle)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def _tell(text: str) -> None:
    sys.stderr.write(f'{text}\n')


def _report(outcome: Outcome) -> None:
    sys.stdout.write(json.dumps(dataclasses.asdict(outcome)) + '\n')
    sys.stdout.flush()


def _try_all(subject: subjects.Subject, whole: bool) -> None:
    """Try the tests without a change, then with each."""
    _import_before(subject)
    database = sys.modules.get('trove.tests.fixtures.database')
    if database is not None:
        # Made once, not by each of the processes that need it.
        database.sqlite_template()
    # What is installed is found and loaded once, too.
    extension.ExtensionManager('oslo.messaging.drivers')
    # Collecting it again and again would copy it to each process.
    gc.collect()
    gc.freeze()
    source = subject.path.read_text('utf-8')
    named = sorted({test for each in subject.mutations for test in each.tests})

    def trial(
        what: str | None, changed: str | None, tests: Sequence[str]
    ) -> None:
        if whole:
            _tell(f'{subject.name}: {what}')
            tests = subject.tests
        begin = time.monotonic()
        limit = _LONGEST_OF_ALL if whole else _LONGEST
        result = _forked(lambda: _run(subject, changed, tests), limit)
        seconds = round(time.monotonic() - begin, 3)
        outcome = Outcome(subject.name, what, result, seconds)
        _report(outcome)

    trial(None, None, named)
    for each in subject.mutations:
        try:
            changed = each.applied(source)
        except LookupError as error:
            outcome = Outcome(subject.name, each.what, str(error), 0.0)
            _report(outcome)
        else:
            trial(each.what, changed, each.tests)


def main() -> None:
    names = [name for name in sys.argv[1:] if name != '--all']
    whole = '--all' in sys.argv
    if not whole:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 2)
    for name in names:
        subject = subjects.read(name)
        # The next subject has other modules imported.
        _forked(lambda subject=subject: _try_all(subject, whole) or 0, None)


if __name__ == '__main__':
    main()
