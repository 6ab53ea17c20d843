# SPDX-License-Identifier: Apache-2.0
"""What is borne, and what becomes of the entries that say so."""

from __future__ import annotations

import datetime
import pathlib

import fixtures
import yaml

from rpc_contract import findings
from rpc_contract import model
from rpc_contract import rules
from rpc_contract import suppressions
from tests import base

TODAY = datetime.date(2027, 3, 31)
FILE = 'contracts/suppressions.yaml'

RESTART = findings.Finding(
    rule='argument-removed',
    interface='guestagent',
    symbol='restart(reason)',
    where=model.Location('guestagent/api/server.py', 40),
    message='reason is no longer taken.',
    fix='Take it.',
)
TOPIC = findings.Finding(
    rule='topic-changed',
    interface='conductor',
    symbol='',
    where=model.Location('conductor/api.py', 14),
    message='The topic was changed.',
    fix='Give it back.',
)

ENTRY = """\
suppressions:
  - rule: argument-removed
    symbol: guestagent.restart(reason)
    reason: No guest ever logged it.
    expires: 2027-03-31
"""


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def apply(
        self,
        source: str | None,
        *found: findings.Finding,
        today: datetime.date = TODAY,
    ) -> list[findings.Finding]:
        if source is not None:
            path = self.tree / FILE
            path.parent.mkdir(exist_ok=True)
            path.write_text(source, 'utf-8')
        return suppressions.apply(found, self.tree, FILE, today)

    def complaint(
        self, source: str, *found: findings.Finding
    ) -> findings.Finding:
        """Return the only finding there is besides ``found``."""
        (complaint,) = (
            each for each in self.apply(source, *found) if each not in found
        )
        return complaint


class TestBorne(TestCase):
    def test_what_an_entry_names(self) -> None:
        restart, topic = self.apply(ENTRY, RESTART, TOPIC)

        self.assertIn('No guest ever logged it.', restart.suppressed)
        self.assertIn('2027-03-31', restart.suppressed)
        self.assertEqual(TOPIC, topic)

    def test_an_interface_as_a_whole(self) -> None:
        source = ENTRY.replace('argument-removed', 'topic-changed').replace(
            'guestagent.restart(reason)', 'conductor'
        )

        (topic,) = self.apply(source, TOPIC)

        self.assertIsNotNone(topic.suppressed)

    def test_against_whatever_it_was_found(self) -> None:
        found = [
            findings.Finding(**{**vars(RESTART), 'against': against})
            for against in ('guestagent 1.0', 'guestagent 1.4')
        ]

        told = self.apply(ENTRY, *found)

        self.assertEqual([True, True], [bool(f.suppressed) for f in told])

    def test_nothing_without_the_file(self) -> None:
        self.assertEqual([RESTART], self.apply(None, RESTART))

    def test_nothing_by_a_file_that_only_has_comments(self) -> None:
        self.assertEqual([RESTART], self.apply('# none\n', RESTART))


class TestExpired(TestCase):
    def test_the_day_after_its_last(self) -> None:
        tomorrow = TODAY + datetime.timedelta(1)

        restart, complaint = self.apply(ENTRY, RESTART, today=tomorrow)

        self.assertEqual(RESTART, restart)
        self.assertEqual('suppression-expired', complaint.rule)
        self.assertEqual('guestagent', complaint.interface)
        self.assertEqual('restart(reason)', complaint.symbol)
        self.assertEqual(model.Location(FILE, 2), complaint.where)
        self.assertIn('2027-03-31', complaint.message)


class TestUnused(TestCase):
    def test_nothing_is_found_there(self) -> None:
        complaint = self.complaint(ENTRY, TOPIC)

        self.assertEqual('suppression-unused', complaint.rule)
        self.assertEqual(model.Location(FILE, 2), complaint.where)
        self.assertIn('guestagent.restart(reason)', complaint.message)

    def test_another_rule_is_broken_there(self) -> None:
        complaint = self.complaint(
            ENTRY.replace('argument-removed', 'argument-renamed'), RESTART
        )

        self.assertEqual('suppression-unused', complaint.rule)

    def test_not_of_an_interface_that_was_not_checked(self) -> None:
        self.apply(ENTRY)

        for checked, rules_told in (
            ({'conductor'}, []),
            ({'guestagent'}, ['suppression-unused']),
        ):
            with self.subTest(checked):
                told = suppressions.apply([], self.tree, FILE, TODAY, checked)
                self.assertEqual(rules_told, [each.rule for each in told])

    def test_is_told_rather_than_that_it_is_expired(self) -> None:
        complaint = self.complaint(ENTRY.replace('2027', '2026'))

        self.assertEqual('suppression-unused', complaint.rule)


class TestInvalid(TestCase):
    def assertInvalid(self, source: str, message: str, line: int) -> None:
        restart, *complaints = sorted(
            self.apply(source, RESTART), key=lambda f: f.rule
        )

        self.assertEqual(RESTART, restart)
        (complaint,) = complaints
        self.assertEqual('suppression-invalid', complaint.rule)
        self.assertIn(message, complaint.message)
        self.assertEqual(model.Location(FILE, line), complaint.where)

    def test_fields_are_missing(self) -> None:
        for field in 'rule', 'symbol', 'reason', 'expires':
            document = yaml.safe_load(ENTRY)
            del document['suppressions'][0][field]
            with self.subTest(field):
                self.assertInvalid(
                    yaml.safe_dump(document),
                    f"Entry 1: '{field}' is a required property.",
                    2,
                )

    def test_no_day(self) -> None:
        self.assertInvalid(
            ENTRY.replace('2027-03-31', '2027-02-30'),
            "Entry 1: expires: '2027-02-30' is not a 'date'",
            2,
        )

    def test_no_reason(self) -> None:
        self.assertInvalid(
            ENTRY.replace('No guest ever logged it.', '""'),
            'Entry 1: reason:',
            2,
        )

    def test_a_field_that_there_is_not(self) -> None:
        self.assertInvalid(f'{ENTRY}    until: 1.3\n', "'until'", 2)

    def test_no_such_rule(self) -> None:
        self.assertInvalid(
            ENTRY.replace('argument-removed', 'argument-remove'),
            'there is no rule argument-remove; is it argument-removed?',
            2,
        )

    def test_a_rule_about_the_file_itself(self) -> None:
        self.assertInvalid(
            ENTRY.replace('argument-removed', 'suppression-expired'),
            'fix the file instead',
            2,
        )

    def test_no_yaml(self) -> None:
        self.assertInvalid(f'{ENTRY}\t- x\n', 'The file cannot be read', 6)

    def test_no_text(self) -> None:
        (self.tree / 'contracts').mkdir()
        (self.tree / FILE).write_bytes(b'\xff\xfe\xff')

        (complaint,) = self.apply(None)

        self.assertEqual('suppression-invalid', complaint.rule)
        self.assertEqual(
            'The file cannot be read: invalid UTF-8.', complaint.message
        )

    def test_no_list(self) -> None:
        self.assertInvalid('suppressions: none\n', 'is not of type', 1)

    def test_said_twice(self) -> None:
        twice = ENTRY + ENTRY.partition('\n')[2]

        complaint = self.complaint(
            twice,
            *(each for each in self.apply(ENTRY, RESTART)),
        )

        self.assertEqual('suppression-invalid', complaint.rule)
        self.assertIn('line 2', complaint.message)
        self.assertEqual(6, complaint.where.line)

    def test_the_other_entries_count(self) -> None:
        source = f'{ENTRY}  - rule: topic-changed\n'

        told = self.apply(source, RESTART)

        self.assertEqual(
            ['suppression-invalid'],
            [each.rule for each in told if each.suppressed is None],
        )


class TestRules(base.TestCase):
    def test_they_are_in_the_table(self) -> None:
        for name in (
            suppressions.EXPIRED,
            suppressions.UNUSED,
            suppressions.INVALID,
        ):
            with self.subTest(name):
                self.assertEqual('hygiene', rules.RULES[name].kind)
                self.assertTrue(rules.RULES[name].why)
