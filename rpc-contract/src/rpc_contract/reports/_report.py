# SPDX-License-Identifier: Apache-2.0
"""What there is to tell of a check."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
import functools

import rpc_contract
from rpc_contract import findings
from rpc_contract import model
from rpc_contract import rules
from rpc_contract import selection

#: What did the check, for those who keep reports of several tools.
TOOL = 'rpc-contract'

Finding = findings.Finding


@dataclasses.dataclass(frozen=True)
class Checked:
    """An interface that was looked at.

    :param version: the highest that it speaks; None where that is not known
    :param methods: how many it has
    :param against: what it was compared with: ``cellar 1.3``, a git
        revision, a wheel
    :param sent: how many methods were read that its client sends; None
        where only the endpoint was looked at
    :param served: the same of its endpoint
    """

    interface: str
    version: str | None = None
    methods: int = 0
    against: tuple[str, ...] = ()
    sent: int | None = None
    served: int | None = None

    def __str__(self) -> str:
        return f'{self.interface} {self.version or ""}'.rstrip()


@dataclasses.dataclass(frozen=True)
class Report:
    """All that a check has found.

    :param checked: what was looked at
    :param findings: in any order; suppressed ones too
    :param selected: the rules that count, and what it fails on
    :param tool: the version of what did the check
    """

    checked: tuple[Checked, ...]
    findings: tuple[Finding, ...]
    selected: selection.Selection = selection.Selection()
    tool: str = rpc_contract.VERSION

    @functools.cached_property
    def open(self) -> tuple[Finding, ...]:
        """What nobody has decided to bear, by place."""
        return _sorted(f for f in self.findings if f.suppressed is None)

    @functools.cached_property
    def suppressed(self) -> tuple[Finding, ...]:
        """What is borne, by place."""
        return _sorted(f for f in self.findings if f.suppressed is not None)

    @property
    def passed(self) -> bool:
        """Nothing is open that the check fails on."""
        return not any(self.fails(each) for each in self.open)

    def fails(self, finding: Finding) -> bool:
        """Whether the check fails on a finding, if nobody bears it."""
        weight = selection.FAIL_ON.index
        severity = self.rule(finding).severity
        return weight(severity) >= weight(self.selected.fail_on)

    def rule(self, finding: Finding) -> rules.Rule:
        """Return the rule of a finding, with the severity that it has here.

        Of a rule that does not count, that is its own.
        """
        known = self.selected.counted.get(finding.rule)
        return known or rules.RULES[finding.rule]

    @functools.cached_property
    def counts(self) -> Mapping[str, int]:
        """How many findings: by severity, and ``suppressed``."""
        counter = collections.Counter(
            self.rule(each).severity.value for each in self.open
        )
        return {
            **{each.value: counter[each.value] for each in rules.Severity},
            'suppressed': len(self.suppressed),
        }

    def path(self, where: model.Location) -> str:
        """The path of a place, relative to the tree that was checked."""
        return where.path


def symbol(finding: Finding) -> str:
    """Return the full name: ``cellar.store(wine)``.

    That of an interface as a whole is its own name.
    """
    if not finding.symbol:
        return finding.interface
    return f'{finding.interface}.{finding.symbol}'


def verdicts(of: rules.Rule) -> tuple[str, ...]:
    """Say what becomes of messages, in a sentence for each direction.

    :returns: nothing of a rule that is not about messages
    """
    if of.forward is of.backward is rules.Verdict.NONE:
        return ()
    return (
        f'Old client, new server: {of.forward}.',
        f'New client, old server: {of.backward}.',
    )


def _sorted(
    found: Iterable[Finding],
) -> tuple[Finding, ...]:
    return tuple(
        sorted(
            found,
            key=lambda f: (
                f.where.path,
                f.where.line,
                f.interface,
                f.symbol,
                f.rule,
                f.against or '',
            ),
        )
    )
