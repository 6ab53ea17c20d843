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
        why='A check of nothing finds nothing, and looks like one that '
        'passed.',
        fix='Name the class that sends, or serves. Where it is made in a way '
        'that cannot be followed, "allow-unread = true" of the interface in '
        'pyproject.toml says that this is known.',
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
        why='Nothing of a checked tree is run, so what only running it tells '
        'is not known, and not guessed: it is not checked, and a check that '
        'passes says nothing about it.',
        fix='Write it as a literal, or as the name of one. Where it has to '
        'be as it is, take the method into the list "allow-unread" of the '
        'interface in pyproject.toml: then it is a note.',
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
        title='Something could not be read, and need not be',
        kind='cross',
        severity=_rule.Severity.NOTE,
        forward=_NONE,
        backward=_NONE,
        why='What "allow-unread" of an interface names is not checked, and '
        'neither is an interface against a state of the tree that does not '
        'have it yet.',
        fix='Nothing, as long as it is so on purpose.',
    ),
)
