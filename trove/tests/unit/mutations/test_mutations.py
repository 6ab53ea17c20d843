# SPDX-License-Identifier: Apache-2.0
"""Whether the tests of a module notice what breaks it.

Each change of ``data`` is made to its module, and the test that is named must
fail. The score is printed at the end of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
import functools
import json
import subprocess
import sys
from typing import Any

import testscenarios
from testtools import content

from trove.tests import base
from trove.tests.fixtures import unmeasured
from trove.tests.unit import import_rules
from trove.tests.unit.mutations import replacing
from trove.tests.unit.mutations import subjects
from trove.tests.unit.mutations import thirds
from trove.tests.unit.mutations import trials


@functools.cache
def outcomes(name: str) -> list[dict[str, Any]]:
    """Try the mutations of a subject."""
    subjects.read(name)
    done = subprocess.run(
        [sys.executable, '-m', trials.__name__, name],
        check=True,
        cwd=import_rules.TOP,
        env=unmeasured.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def wrong(name: str) -> list[str]:
    """Say of which mutations something else came than ought to."""
    return [
        f'{name}.yaml, "{each["what"] or "no change at all"}": '
        f'{each["result"]}'
        for each in outcomes(name)
        if each['result'] != (trials.NOTICED if each['what'] else trials.LIVED)
    ]


class TestSubject(testscenarios.WithScenarios, base.TestCase):
    scenarios = [
        (name, {'name': name}) for name in thirds.tried(subjects.names())
    ]
    timeout = 900

    def test_each_is_noticed(self) -> None:
        self.assertEqual([], wrong(self.name))
        self.assertEqual(
            1 + len(subjects.read(self.name).mutations),
            len(outcomes(self.name)),
        )


class TestWritten(base.TestCase):
    """All are tested, though not all may be tried."""

    def test_each_is_for_the_sources_of_now(self) -> None:
        for name in subjects.names():
            subject = subjects.read(name)
            source = subject.path.read_text('utf-8')
            for each in subject.mutations:
                self.assertNotEqual(source, each.applied(source), each.place)


class TestScore(base.TestCase):
    # Alone, it tries the mutations of all subjects.
    timeout = 1800

    def test_score(self) -> None:
        self.addDetail(
            'summary', content.text_content('\n'.join(self.summary()))
        )

    def summary(self) -> Iterator[str]:
        """Say how good the tests are."""
        every = subjects.names()
        found = {name: outcomes(name) for name in thirds.tried(every)}
        count = sum(len(each) - 1 for each in found.values())
        failed = [text for name in found for text in wrong(name)]
        yield (
            f'Modules broken on purpose: {len(found)} of {len(every)}. '
            'Mutations noticed: '
            f'{count - len(failed)} of {count}.'
        )
        yield from (f'  {text}' for text in failed)


class TestReplaced(base.TestCase):
    """A mutation is of the source of now, or it is told."""

    def test_lines_are_found_whatever_they_are_indented_by(self) -> None:
        self.assertEqual(
            'def f():\n    if b:\n        pass\n',
            replacing.replaced(
                'f.py',
                'def f():\n    if a:\n        pass\n',
                'if a:\n    pass',
                'if b:\n    pass',
            ),
        )

    def test_what_is_not_there_once_names_file_and_edit(self) -> None:
        for source, times in (('a\n', 0), ('b\nb\n', 2)):
            error = self.assertRaises(
                LookupError, replacing.replaced, 'f.py', source, 'b', 'c'
            )

            self.assertIn(f'f.py has this text {times} times', str(error))
            self.assertIn('the text that stands there now', str(error))
