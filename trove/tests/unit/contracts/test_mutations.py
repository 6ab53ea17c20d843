# SPDX-License-Identifier: Apache-2.0
"""Whether the checker notices what breaks a contract, and only that.

Each change of ``mutations`` is made to a copy of this tree, which is then
checked. The score is printed at the end of the run.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator
import dataclasses
import datetime
import functools
import pathlib
import shutil
import tempfile

import testscenarios
from testtools import content

from rpc_contract import checks
from rpc_contract import findings
from rpc_contract import projects
from rpc_contract import rules
from trove.tests import base
from trove.tests.unit.contracts import mutations
from trove.tests.unit.mutations import thirds

#: Of each kind, for every rule.
FEWEST = 3
TODAY = datetime.date(2027, 1, 1)


@dataclasses.dataclass(frozen=True)
class Score:
    """What became of the mutations of a rule.

    :param missed: what was not caught, in words
    :param alarms: what was reported of harmless changes, in words
    :param strays: what was reported besides, in words
    """

    caught: int
    harmless: int
    missed: tuple[str, ...]
    alarms: tuple[str, ...]
    strays: tuple[str, ...]

    @property
    def wrong(self) -> tuple[str, ...]:
        return *self.missed, *self.alarms, *self.strays


def found(mutation: mutations.Mutation) -> list[findings.Finding]:
    """Return what a check finds after a change."""
    with copy().changed(mutation) as tree:
        project = projects.read(tree)
        touched = mutation.touched()
        if touched <= {each.interface for each in project.subjects}:
            project = project.only(sorted(touched))
        return list(checks.check(tree, project, TODAY).open)


@functools.cache
def copy() -> mutations.Copy:
    """Return the copy of this tree that is changed, and changed back."""
    directory = tempfile.mkdtemp(prefix='trove-')
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return mutations.Copy(pathlib.Path(directory))


def told(mutation: mutations.Mutation, finding: findings.Finding) -> str:
    return (
        f'{mutation.rule}.yaml, "{mutation.what}": {finding.rule} '
        f'{symbol(finding)} was reported: {finding.message}'
    )


def symbol(finding: findings.Finding) -> str:
    return '.'.join(filter(None, (finding.interface, finding.symbol)))


@functools.cache
def score(rule: str) -> Score:
    """Try the mutations of a rule.

    :raises LookupError: one is not written for the tree of now
    """
    own = mutations.read(rule)
    missed, strays, alarms = [], [], []
    for mutation in own.caught:
        reported = found(mutation)
        if (rule, mutation.symbol) not in {
            (each.rule, symbol(each)) for each in reported
        }:
            missed.append(
                f'{rule}.yaml, "{mutation.what}": {rule} {mutation.symbol} '
                'was not reported.'
            )
        strays += [
            told(mutation, each)
            for each in reported
            if each.rule != rule and each.rule not in mutation.also
        ]
    for mutation in own.harmless:
        # One alarm for each change, however many findings it has.
        alarms += [told(mutation, each) for each in found(mutation)[:1]]
    return Score(
        len(own.caught),
        len(own.harmless),
        tuple(missed),
        tuple(alarms),
        tuple(strays),
    )


#: But those about git, which no change to a contract can cause.
RULES = [name for name in rules.RULES if name != 'history-unread']


class TestTried(testscenarios.WithScenarios, base.TestCase):
    scenarios = [(name, {'rule': name}) for name in thirds.tried(RULES)]
    measured = False

    def test_mutations(self) -> None:
        self.assertEqual((), score(self.rule).wrong)


class TestRule(testscenarios.WithScenarios, base.TestCase):
    """All are tested, though not all may be tried."""

    scenarios = [(name, {'rule': name}) for name in RULES]
    measured = False

    def test_each_is_for_the_tree_of_now(self) -> None:
        own = mutations.read(self.rule)

        for mutation in (*own.caught, *own.harmless):
            with copy().changed(mutation):
                pass  # It raises where what it changes is not there.

    def test_there_are_enough(self) -> None:
        own = mutations.read(self.rule)

        self.assertGreaterEqual(len(own.caught), FEWEST)
        self.assertGreaterEqual(len(own.harmless), FEWEST)


class TestScore(base.TestCase):
    measured = False
    # Alone, it tries the mutations of all rules.
    timeout = 600

    def test_score(self) -> None:
        scores = {name: score(name) for name in thirds.tried(RULES)}

        self.addDetail(
            'summary', content.text_content('\n'.join(summary(scores)))
        )
        self.assertEqual(0, sum(len(each.wrong) for each in scores.values()))

    def test_each_file_is_of_a_rule(self) -> None:
        names = {path.stem for path in mutations.DATA.iterdir()}

        self.assertEqual(set(), names - rules.RULES.keys())


def summary(scores: dict[str, Score]) -> Iterator[str]:
    """Say how good the checker is."""
    every = scores.values()
    mutants = sum(each.caught for each in every)
    missed = sum(len(each.missed) for each in every)
    harmless = sum(each.harmless for each in every)
    alarms = sum(len(each.alarms) for each in every)
    yield (
        f'Contract rules: {len(scores)} of {len(RULES)}. Mutations caught: '
        f'{mutants - missed} of {mutants}. False alarms: {alarms} of '
        f'{harmless} harmless changes.'
    )
    for name, each in scores.items():
        if each.wrong:
            yield f'{name}:'
            yield from (f'  {text}' for text in each.wrong)
