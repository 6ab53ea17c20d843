# SPDX-License-Identifier: Apache-2.0
"""Say what became of the tests in streams of subunit.

Usage: summarize_tests.py STREAM...

Prints what the tests that passed have to say (a detail named ``summary``), the
skipped tests with their reasons, the failed ones, and as the last line
``N passed, N failed, N skipped``. A test that began and never ended
failed. The exit status is 1 if any failed, or if a stream is missing or has
no test in it.
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

#: The detail that is printed, by verdict.
TOLD = {'passed': 'summary', 'skipped': 'reason'}

Results = dict[str, list[tuple[str, str]]]


def read(path: pathlib.Path, results: Results) -> int:
    """Add the tests of one stream to the results; return their number."""
    count = 0

    def note(test: dict[str, Any]) -> None:
        nonlocal count
        # "exists" only announces a test, as a listing does.
        verdict = VERDICTS.get(test['status'])
        if verdict is None or test['id'] is None:
            return
        count += 1
        detail = test['details'].get(TOLD.get(verdict))
        results[verdict].append(
            (test['id'], detail.as_text().strip() if detail else '')
        )

    result = testtools.StreamToDict(note)
    result.startTestRun()
    with path.open('rb') as stream:
        subunit.ByteStreamToStreamResult(stream).run(result)
    result.stopTestRun()
    return count


def main(paths: list[str]) -> int:
    results: Results = {'passed': [], 'failed': [], 'skipped': []}
    empty = []
    for name in paths:
        path = pathlib.Path(name)
        if not path.exists() or not read(path, results):
            empty.append(name)
    for test, summary in sorted(results['passed']):
        if summary:
            print(f'{test}:')
            print(textwrap.indent(summary, '  '))
    if results['skipped']:
        print('Skipped:')
    for test, reason in sorted(results['skipped']):
        print(f'  {test}: {reason}')
    for test, _ in sorted(results['failed']):
        print(f'Failed: {test}')
    for name in empty:
        print(f'No test was run, or its results are lost: {name}')
    print(', '.join(f'{len(v)} {k}' for k, v in results.items()))
    return 1 if results['failed'] or empty else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
