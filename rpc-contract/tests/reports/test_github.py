# SPDX-License-Identifier: Apache-2.0
"""What GitHub Actions shows at the lines of a change."""

from __future__ import annotations

import dataclasses
import re
from typing import Any
from urllib import parse

from rpc_contract import model
from rpc_contract import reports
from tests.reports import base

#: As GitHub's runner takes it: ::COMMAND NAME=VALUE,...::MESSAGE
COMMAND = re.compile(r'^::(\w+) ([^:]*)::(.*)$')


class TestGithub(base.TestCase):
    def commands(
        self, report: reports.Report
    ) -> list[tuple[str, dict[str, Any], str]]:
        found = []
        for line in self.written(report, 'github').splitlines():
            match = COMMAND.match(line)
            self.assertIsNotNone(match, line)
            name, properties, message = match.groups()
            pairs = (pair.split('=', 1) for pair in properties.split(','))
            found.append(
                (
                    name,
                    {key: parse.unquote(value) for key, value in pairs},
                    parse.unquote(message),
                )
            )
        return found

    def test_a_finding(self) -> None:
        ((name, properties, message),) = self.commands(
            self.report(base.REMOVED)
        )

        self.assertEqual('error', name)
        self.assertEqual(
            {
                'file': 'guestagent/api/server.py',
                'line': '40',
                'title': 'method-removed: guestagent.restart',
            },
            properties,
        )
        self.assertEqual(base.REMOVED.message, message.splitlines()[0])
        self.assertIn('Old client, new server: breaking.', message)
        self.assertIn(f'Fix: {base.REMOVED.fix}', message)

    def test_what_has_a_meaning_is_escaped(self) -> None:
        odd = dataclasses.replace(
            base.RENAMED,
            message='100%0A, or\nso: ::error::',
            where=model.Location('a,line=1/b:c.py', 7),
        )

        ((_, properties, message),) = self.commands(self.report(odd))

        self.assertIn(odd.message, message)
        self.assertEqual('a,line=1/b:c.py', properties['file'])
        self.assertEqual('7', properties['line'])

    def test_all_but_the_suppressed_ones(self) -> None:
        self.assertEqual(
            ['notice', 'warning', 'error', 'error'],
            [name for name, _, _ in self.commands(self.everything())],
        )

    def test_without_a_place(self) -> None:
        ((_, properties, _),) = self.commands(self.report(base.UNREAD))

        self.assertEqual({'title'}, properties.keys())
