# SPDX-License-Identifier: Apache-2.0
"""What the docs say of released peers is what the last runs have found."""

from __future__ import annotations

import ast
import datetime
import pathlib
import subprocess

from trove.tests import base
from trove.tests.fixtures import released
from trove.tests.functional.interop import outcomes
from trove.tests.functional.interop import peer


class InteropTest(base.TestCase):
    def test_the_table_in_the_docs(self) -> None:
        self.assertEqual(
            outcomes.render(),
            outcomes.TABLE.read_text('utf-8'),
            'It is made by tools/run-tests.sh interop: run that.',
        )

    def test_every_release_was_tried_both_ways_with_and_without_keys(
        self,
    ) -> None:
        expected = {
            outcomes.name_of(direction, encrypted)
            for direction in outcomes.DIRECTIONS
            for encrypted in outcomes.FORMS
        }

        for release in released.PINNED:
            self.assertEqual(expected, set(outcomes.load(release)), release)

    def test_theirs_are_all_taken(self) -> None:
        for release in released.PINNED:
            for name, section in outcomes.load(release).items():
                if name.startswith('theirs'):
                    self.assertEqual({}, section['others'], release)

    def test_the_peer_has_nothing_of_this_tree(self) -> None:
        path = pathlib.Path(peer.__file__)
        imported = [
            name
            for node in ast.walk(ast.parse(path.read_text('utf-8')))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
            )
        ]

        self.assertNotIn(
            'trove', {name.partition('.')[0] for name in imported if name}
        )


class TestInteropReleases(base.TestCase):
    """tools/interop-releases.sh"""

    def of_day(self, day: str) -> list[int]:
        printed = subprocess.run(
            [released.TOP / 'tools' / 'interop-releases.sh', day],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        return [int(word) for word in printed.split()]

    def test_each_has_its_day(self) -> None:
        start = datetime.date(2026, 11, 28)
        others = set(released.PINNED) - set(released.ALWAYS)
        found = set()

        for number in range(len(others)):
            day = str(start + datetime.timedelta(number))
            *always, other = self.of_day(day)
            self.assertEqual(list(released.ALWAYS), always)
            found.add(other)

        self.assertEqual(others, found)

    def test_a_day_can_be_repeated(self) -> None:
        self.assertEqual(self.of_day('2026-02-03'), self.of_day('2026-02-03'))
