# SPDX-License-Identifier: Apache-2.0
"""Rules about what a client sends against what an endpoint serves."""

from __future__ import annotations

from trove.contracts.rules import _rule

_SEVERITY = _rule.Severity
_VERDICT = _rule.Verdict

CROSS = (
    _rule.Rule(
        id='not-served',
        title='A client sends what no endpoint serves',
        kind='cross',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='unknown-argument',
        title='A client sends an argument that no endpoint knows',
        kind='cross',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='missing-argument',
        title='A client leaves out what the endpoint requires',
        kind='cross',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='version-too-low',
        title='A message goes at a version without the argument',
        kind='cross',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='fallback-unfit',
        title='The fallback does not fit the old contract',
        kind='cross',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='gate-below-floor',
        title='A gate asks for what every peer understands',
        kind='cross',
        severity=_SEVERITY.WARNING,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='json-changes-value',
        title='JSON changes the value on the way',
        kind='cross',
        severity=_SEVERITY.WARNING,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='unread',
        title='Something could not be read',
        kind='cross',
        severity=_SEVERITY.NOTE,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
)
