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
        title='A finding was borne for long enough',
        kind='hygiene',
        severity=_SEVERITY.ERROR,
        forward=_VERDICT.NONE,
        backward=_VERDICT.NONE,
        why='A suppression has a last day so that what it hides is looked at '
        'again while people still know of it. After that day it hides '
        'nothing: the finding is back.',
        fix='Mend what it hid and delete the entry. If it has to be borne '
        'for longer, set a new day and say in the reason why.',
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
        why='What it hid is mended, or has another name now. Left where it '
        'is, it would hide the next breach of the rule at this place, which '
        'nobody has thought about.',
        fix='Delete the entry; or, if the method or argument has another '
        'name now, write the symbol as the report does.',
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
        why='An entry needs a rule that there is, the symbol, a reason and '
        'its last day. One that lacks any of them hides nothing, so that a '
        'slip of the pen does not hide more than was meant.',
        fix='Give it all four: rule, symbol, reason, and expires as '
        'YYYY-MM-DD.',
        bad=_FIND + _INVALID,
        good=_FIND + _ENTRY,
    ),
)
