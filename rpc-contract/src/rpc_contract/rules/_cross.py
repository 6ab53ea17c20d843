# SPDX-License-Identifier: Apache-2.0
"""Rules about what a client sends against what an endpoint serves.

Their examples are modules with a client and an endpoint, written by hand: in
an interface that is declared most of this cannot be said.
"""

from __future__ import annotations

from rpc_contract.rules import _examples
from rpc_contract.rules import _rule

_ERROR = _rule.Severity.ERROR
_WARNING = _rule.Severity.WARNING
_SAFE = _rule.Verdict.SAFE
_GATED = _rule.Verdict.GATED
_BREAKING = _rule.Verdict.BREAKING
_NONE = _rule.Verdict.NONE

# Clients of several examples.
_AIR = _examples.client(
    'air(self, ctxt)',
    "self.client.prepare(version='1.1').cast(ctxt, 'air')",
)

_SHELVE = _examples.client(
    'store(self, ctxt, wine, shelf)',
    "cctxt = self.client.prepare(version='1.0')",
    "cctxt.cast(ctxt, 'store', wine=wine, shelf=shelf)",
)

_FALLBACK = _examples.client(
    'store(self, ctxt, wine, shelf)',
    "version = '1.1'",
    "message = {'wine': wine, 'shelf': shelf}",
    'if not self.client.can_send_version(version):',
    "    del message['shelf']",
    "    version = '1.0'",
    'cctxt = self.client.prepare(version=version)',
    "cctxt.cast(ctxt, 'store', **message)",
)

CROSS = (
    _rule.Rule(
        id='not-served',
        title='A client sends a method that no endpoint serves',
        kind='cross',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='A call is answered with NoSuchMethod, each time. A cast is '
        'dropped by the receiver, and its sender gets no error.',
        fix='Serve the method, or delete the client method: nobody can use '
        'it.',
        bad=_AIR + _examples.manager('1.1', 'air_out(self, ctxt)'),
        good=_AIR + _examples.manager('1.1', 'air(self, ctxt)'),
    ),
    _rule.Rule(
        id='unknown-argument',
        title='A client sends an argument that no endpoint accepts',
        kind='cross',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='The method is not run: it raises TypeError, which a caller '
        'cannot tell from one inside of it. A cast is dropped.',
        fix='Accept the argument in the endpoint, or do not send it.',
        bad=_SHELVE + _examples.manager('1.0', 'store(self, ctxt, wine)'),
        good=_SHELVE
        + _examples.manager('1.0', 'store(self, ctxt, wine, shelf)'),
    ),
    _rule.Rule(
        id='missing-argument',
        title='A client omits an argument that the endpoint requires',
        kind='cross',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='The method is not run: it raises TypeError. A cast is dropped.',
        fix='Send the argument, or give it a default in the endpoint that '
        'means the same as before.',
        bad=_examples.STORE
        + _examples.manager('1.0', 'store(self, ctxt, wine, shelf)'),
        good=_examples.STORE
        + _examples.manager('1.0', 'store(self, ctxt, wine, shelf=None)'),
    ),
    _rule.Rule(
        id='version-above-endpoint',
        title='A client sends at a version above that of the endpoint',
        kind='cross',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='The endpoint answers UnsupportedVersion although it has the '
        'method, and drops a cast: its target was not raised with the '
        'client.',
        fix='Raise the version of the target of the endpoint.',
        bad=_AIR + _examples.manager('1.0', 'air(self, ctxt)'),
        good=_AIR + _examples.manager('1.1', 'air(self, ctxt)'),
    ),
    _rule.Rule(
        id='version-too-low',
        title='A message goes at a version without the argument',
        kind='cross',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='The version of a message tells an older peer whether it supports '
        'the message. If it is too low, the peer tries: TypeError or '
        'NoSuchMethod instead of UnsupportedVersion, which would name the '
        'cause. Only the cap prevents that, and it may be unset.',
        fix='Send it at the version that the method or the argument came '
        'with.',
        bad=_examples.client(
            'store(self, ctxt, wine, shelf)',
            "cctxt = self.client.prepare(version='1.0')",
            "message = {'wine': wine}",
            "if self.client.can_send_version('1.1'):",
            "    message['shelf'] = shelf",
            "cctxt.cast(ctxt, 'store', **message)",
        )
        + _examples.manager('1.1', 'store(self, ctxt, wine, shelf=None)'),
        good=_examples.client(
            'store(self, ctxt, wine, shelf)',
            "version = '1.0'",
            "message = {'wine': wine}",
            "if self.client.can_send_version('1.1'):",
            "    version = '1.1'",
            "    message['shelf'] = shelf",
            'cctxt = self.client.prepare(version=version)',
            "cctxt.cast(ctxt, 'store', **message)",
        )
        + _examples.manager('1.1', 'store(self, ctxt, wine, shelf=None)'),
    ),
    _rule.Rule(
        id='fallback-unfit',
        title='The fallback does not fit the old contract',
        kind='cross',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='Messages to older peers have their version, and every endpoint '
        'that accepts that version must accept the message: old ones, and '
        'current ones. Otherwise the cap makes things worse.',
        fix='Send what the old contract has. In the endpoint, give what came '
        'later a default, and take on what went.',
        bad=_FALLBACK
        + _examples.manager('1.1', 'store(self, ctxt, wine, shelf)'),
        good=_FALLBACK
        + _examples.manager('1.1', 'store(self, ctxt, wine, shelf=None)'),
    ),
    _rule.Rule(
        id='gate-below-floor',
        title='A gate checks a version that every peer supports',
        kind='cross',
        severity=_WARNING,
        forward=_NONE,
        backward=_NONE,
        why='The answer is always yes. The other branch is never run and '
        'never tested, and misleads readers.',
        fix='Remove the check and the other branch.',
        bad=_examples.client(
            'store(self, ctxt, wine)',
            "if not self.client.can_send_version('1.0'):",
            '    raise CellarTooOld()',
            "cctxt = self.client.prepare(version='1.0')",
            "cctxt.cast(ctxt, 'store', wine=wine)",
        )
        + _examples.manager('1.1', 'store(self, ctxt, wine)'),
        good=_examples.STORE
        + _examples.manager('1.1', 'store(self, ctxt, wine)'),
    ),
    _rule.Rule(
        id='json-changes-value',
        title='JSON changes the value in transit',
        kind='cross',
        severity=_WARNING,
        forward=_NONE,
        backward=_NONE,
        why='Messages are JSON: a tuple or a set arrives as a list, a numeric '
        'key as text, a time as text. Tests with a transport that passes '
        'objects do not show it.',
        fix='Send JSON types, and annotate them. If a serializer of the '
        'project keeps the type, suppress the finding with that reason.',
        bad=_examples.client(
            'store(self, ctxt, wine, shelves: set[str])',
            "cctxt = self.client.prepare(version='1.0')",
            "cctxt.cast(ctxt, 'store', wine=wine, shelves=shelves)",
        )
        + _examples.manager('1.0', 'store(self, ctxt, wine, shelves)'),
        good=_examples.client(
            'store(self, ctxt, wine, shelves: set[str])',
            "cctxt = self.client.prepare(version='1.0')",
            "cctxt.cast(ctxt, 'store', wine=wine, shelves=sorted(shelves))",
        )
        + _examples.manager('1.0', 'store(self, ctxt, wine, shelves)'),
    ),
)
