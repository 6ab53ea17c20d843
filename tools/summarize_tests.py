# SPDX-License-Identifier: Apache-2.0
"""Say what became of the tests in streams of subunit.

Usage: summarize_tests.py STREAM...
       summarize_tests.py --repeat STREAM

Prints what the tests that passed have to say (a detail named ``summary``), the
skipped tests with their reasons, the failed ones with the ends of their
errors, and as the last line ``N passed, N failed, N skipped``. A test that
began and never ended failed. One that failed and then passed by itself, in
``STREAM.repeated``, is unsteady: it is named like the failed ones, and counts
as passed. The exit status is 1 if any failed, or if a stream is missing or has
no test in it.

With ``--repeat``, prints the tests of a stream that are worth a second run:
none when more than :data:`FEW` failed, or when a process died and took tests
with it.
"""

import pathlib
import sys
import textwrap
from typing import Any

import subunit
import testtools

#: The statuses of testtools' test dictionaries, by what they mean here.
VERDICTS = {
    'success': 'passed',
    'xfail': 'passed',
    'skip': 'skipped',
    'fail': 'failed',
    'uxsuccess': 'failed',
    'unknown': 'failed',
    'inprogress': 'failed',
}

#: Tests that may be run again: more of them are no accident.
FEW = 12

#: The detail that is printed, by verdict.
TOLD = {'passed': 'summary', 'skipped': 'reason', 'failed': 'traceback'}

#: Characters of the end of a traceback, where the error is. Often the end of
#: an output is all that is kept of it.
ERROR = 1200

#: By the test: the verdict and what is told of it.
Results = dict[str, tuple[str, str]]


def read(path: pathlib.Path) -> tuple[Results, bool]:
    """Return the tests of one stream, and whether all of them ended."""
    results: Results = {}
    ended = True

    def note(test: dict[str, Any]) -> None:
        nonlocal ended
        # "exists" only announces a test, as a listing does.
        verdict = VERDICTS.get(test['status'])
        if verdict is None or test['id'] is None:
            return
        ended = ended and test['status'] not in ('unknown', 'inprogress')
        detail = test['details'].get(TOLD.get(verdict))
        results[test['id']] = (
            verdict,
            detail.as_text().strip() if detail else '',
        )

    if path.exists():
        result = testtools.StreamToDict(note)
        result.startTestRun()
        with path.open('rb') as stream:
            subunit.ByteStreamToStreamResult(stream).run(result)
        result.stopTestRun()
    return results, ended


def of(verdict: str, results: Results) -> list[tuple[str, str]]:
    """Return the tests with that verdict, and what is told of each."""
    return sorted(
        (test, told) for test, (was, told) in results.items() if was == verdict
    )


def repeat(path: pathlib.Path) -> int:
    """Print the failed tests of a stream that are worth a second run."""
    results, ended = read(path)
    failed = of('failed', results)
    if ended and len(failed) <= FEW:
        for test, _ in failed:
            print(test)
    return 0


def explain(error: str) -> None:
    """Print the end of a traceback, if there is one."""
    if error:
        print(textwrap.indent(error[-ERROR:], '  '))


def main(arguments: list[str]) -> int:
    if arguments[0] == '--repeat':
        return repeat(pathlib.Path(arguments[1]))
    results: Results = {}
    empty, unsteady = [], []
    for name in arguments:
        first, _ = read(pathlib.Path(name))
        second, _ = read(pathlib.Path(f'{name}.repeated'))
        if not first:
            empty.append(name)
        passed = dict(of('passed', second))
        unsteady += [each for each in of('failed', first) if each[0] in passed]
        results |= first | second
    for test, summary in of('passed', results):
        if summary:
            print(f'{test}:')
            print(textwrap.indent(summary, '  '))
    skipped, failed = of('skipped', results), of('failed', results)
    if skipped:
        print('Skipped:')
    for test, reason in skipped:
        print(f'  {test}: {reason}')
    for test, error in unsteady:
        print(f'Unsteady, to be mended: {test} failed, then passed by itself')
        explain(error)
    for test, error in failed:
        print(f'Failed: {test}')
        explain(error)
    for name in empty:
        print(f'No test was run, or its results are lost: {name}')
    count = len(of('passed', results))
    print(f'{count} passed, {len(failed)} failed, {len(skipped)} skipped')
    return 1 if failed or empty else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
