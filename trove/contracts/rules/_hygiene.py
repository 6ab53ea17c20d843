# SPDX-License-Identifier: Apache-2.0
"""Rules about versions, aliases and frozen files."""

from __future__ import annotations

from trove.contracts.rules import _rule

_SEVERITY = _rule.Severity
_VERDICT = _rule.Verdict

HYGIENE = (
    _rule.Rule(
        id='changed-without-bump',
        title='A released version means something else',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='bump-without-change',
        title='A new version says nothing new',
        kind='hygiene',
        severity=_SEVERITY.WARNING,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='version-back',
        title='A version went back',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='version-unknown',
        title='A version is not in the history',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='frozen-edited',
        title='A frozen contract was edited',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='frozen-missing',
        title='A released version is not frozen',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='alias-missing',
        title='A release has no version',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='alias-unparsable',
        title='A release alias cannot be used',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='version-disagreement',
        title='Client and endpoint disagree about the version',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
    _rule.Rule(
        id='name-reused',
        title='A retired name means something new',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
    ),
)
