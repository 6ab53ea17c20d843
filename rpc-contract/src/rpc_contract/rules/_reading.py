# SPDX-License-Identifier: Apache-2.0
"""Rules about what could not be read of clients and endpoints."""

from __future__ import annotations

from rpc_contract.rules import _examples
from rpc_contract.rules import _rule

_NONE = _rule.Verdict.NONE

_SERVED = _examples.manager('1.0', 'store(self, ctxt, wine)')
_READ = _examples.STORE + _SERVED

READING = (
    _rule.Rule(
        id='nothing-read',
        title='Nothing of a client or an endpoint could be read',
        kind='cross',
        severity=_rule.Severity.ERROR,
        forward=_NONE,
        backward=_NONE,
        why='A check of nothing finds nothing, and looks like success.',
        fix='Name the client or endpoint class. If its construction cannot be '
        'followed, set "allow-unread = true" of the interface in '
        'pyproject.toml.',
        bad=_examples.client(
            'store(self, ctxt, wine)',
            "self.cellar.sync_call(ctxt, 'store', wine=wine)",
        )
        + _SERVED,
        good=_READ,
    ),
    _rule.Rule(
        id='partly-read',
        title='A part of a client or an endpoint could not be read',
        kind='cross',
        severity=_rule.Severity.ERROR,
        forward=_NONE,
        backward=_NONE,
        why='The checked tree is never executed, so values that exist only at '
        'run time are unknown: they are not checked, and a passing check does '
        'not cover them.',
        fix='Use a literal, or a name of one. If that is impossible, add the '
        'method to "allow-unread" of the interface in pyproject.toml: then '
        'the finding is a note.',
        bad=_examples.client(
            'store(self, ctxt, wine)',
            'cctxt = self.client.prepare(version=CONF.cellar.version)',
            "cctxt.cast(ctxt, 'store', wine=wine)",
        )
        + _SERVED,
        good=_READ,
    ),
    _rule.Rule(
        id='unread',
        title='Something cannot be read, which is permitted',
        kind='cross',
        severity=_rule.Severity.NOTE,
        forward=_NONE,
        backward=_NONE,
        why='Anything in "allow-unread" of an interface is not checked, nor '
        'is an interface against a tree that does not have it yet.',
        fix='Nothing, as long as it is intended.',
    ),
)
