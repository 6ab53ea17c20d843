# SPDX-License-Identifier: Apache-2.0
"""Rules about the file of what is borne."""

from __future__ import annotations

from rpc_contract.rules import _rule

_SEVERITY = _rule.Severity
_VERDICT = _rule.Verdict

_FIND = """
-    @rpc.call('1.1')
-    def find(self, context: Context, wine: str) -> str | None:
-        '''Return the shelf of a wine.'''
@@
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
-        return None
@@
"""
_ENTRY = """\
--- contracts/suppressions.yaml
+suppressions:
+  - rule: method-removed
+    symbol: cellar.find
+    reason: Nobody has called it for a year; see the counters.
+    expires: 2027-06-30
"""
_EXPIRED = _ENTRY.replace('2027-06-30', '2026-12-31')
_INVALID = _ENTRY.replace('+    expires: 2027-06-30\n', '')

SUPPRESSIONS = (
    _rule.Rule(
        id='suppression-expired',
        title='A suppression has expired',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
        why='A suppression expires so that its finding is reviewed while '
        'people remember it. After that day the finding is reported again.',
        fix='Fix the finding and delete the entry. If it has to stay longer, '
        'set a new date and give the reason.',
        bad=_FIND + _EXPIRED,
        good=_FIND + _ENTRY,
    ),
    _rule.Rule(
        id='suppression-unused',
        title='A suppression hides nothing',
        kind='hygiene',
        severity=_SEVERITY.WARNING,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
        why='Its finding is fixed, or has another name now. Kept, it would '
        'hide the next violation of the rule at this place.',
        fix='Delete the entry; or, if the method or argument was renamed, use '
        'the symbol of the report.',
        bad=_ENTRY,
        good=_FIND + _ENTRY,
    ),
    _rule.Rule(
        id='suppression-invalid',
        title='A suppression cannot be read',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
        why='An entry needs an existing rule, the symbol, a reason and an '
        'expiry date. An incomplete entry hides nothing, so that a typing '
        'error does not hide too much.',
        fix='Provide all four: rule, symbol, reason, and expires as '
        'YYYY-MM-DD.',
        bad=_FIND + _INVALID,
        good=_FIND + _ENTRY,
    ),
)
