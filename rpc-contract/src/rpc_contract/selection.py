# SPDX-License-Identifier: Apache-2.0
"""Which rules count, where, and how much, as the settings say::

[tool.rpc-contract]
use = ["change", "cross"]           # rules and kinds of rules; default: all
except = ["type-changed"]           # and not these of them
ignore = ["wine/legacy"]            # files and directories
fail-on = "error"                   # or warning, note, never

[tool.rpc-contract.ignore-only]     # the same for one rule
default-changed = ["wine/cellar/manager.py"]

[tool.rpc-contract.severity]
type-widened = "warning"
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import pathlib
from typing import get_args

from rpc_contract import findings
from rpc_contract import rules
from rpc_contract import settings

KEYS = ('use', 'except', 'ignore', 'ignore-only', 'severity', 'fail-on')
#: What a check fails on, from the least: a finding of that severity or above.
FAIL_ON = (*(str(each) for each in reversed(rules.Severity)), 'never')
_KINDS: tuple[str, ...] = get_args(rules.Kind)


@dataclasses.dataclass(frozen=True)
class Selection:
    """The rules that count.

    :param counted: by id, with the severities that they have here
    :param ignored: paths of which nothing counts
    :param ignored_by: by rule, paths of which nothing of it counts
    :param fail_on: one of :data:`FAIL_ON`
    """

    counted: Mapping[str, rules.Rule] = dataclasses.field(
        default_factory=lambda: rules.RULES
    )
    ignored: tuple[str, ...] = ()
    ignored_by: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict
    )
    fail_on: str = rules.Severity.WARNING

    def of(
        self, found: Sequence[findings.Finding]
    ) -> list[findings.Finding]:
        """Return the findings that count."""
        return [each for each in found if self._counts(each)]

    def _counts(self, finding: findings.Finding) -> bool:
        path = pathlib.PurePosixPath(finding.where.path)
        ignored = (*self.ignored, *self.ignored_by.get(finding.rule, ()))
        return finding.rule in self.counted and not any(
            path.is_relative_to(each) for each in ignored
        )


def read(table: settings.Table) -> Selection:
    """Read what the settings say of the rules.

    :raises reading.Unusable: one is not there, or is not of its form
    """
    used = set(_named(table, 'use')) if 'use' in table else set(rules.RULES)
    used -= set(_named(table, 'except'))
    if not used:
        raise table.refused('leaves no rule: see "use" and "except"')
    severities = table.table('severity', rules.RULES)
    only = table.table('ignore-only', rules.RULES)
    return Selection(
        {
            rule.id: _with_severity(rule, severities)
            for rule in rules.RULES.values()
            if rule.id in used
        },
        table.paths('ignore'),
        {name: only.paths(name) for name in only},
        table.choice('fail-on', FAIL_ON) or rules.Severity.WARNING,
    )


def _named(table: settings.Table, key: str) -> Iterator[str]:
    known = (*_KINDS, *rules.RULES)
    for name in table.texts(key):
        if name not in known:
            raise table.refused(
                f'names "{name}" in "{key}", which is not a '
                f'rule.{settings.nearest(name, known)} "rpc-contract rules" '
                'lists the rules and their kinds'
            )
        for rule in rules.RULES.values():
            if name in (rule.id, rule.kind):
                yield rule.id


def _with_severity(rule: rules.Rule, severities: settings.Table) -> rules.Rule:
    severity = severities.choice(rule.id, tuple(map(str, rules.Severity)))
    if severity is None:
        return rule
    return dataclasses.replace(rule, severity=rules.Severity(severity))
