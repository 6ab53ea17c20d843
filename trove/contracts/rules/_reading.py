# SPDX-License-Identifier: Apache-2.0
"""Rules about what could not be read of clients and endpoints."""

from __future__ import annotations

from trove.contracts.rules import _rule

_ERROR = _rule.Severity.ERROR
_NOTE = _rule.Severity.NOTE
_NONE = _rule.Verdict.NONE

READING = (
    _rule.Rule(
        id='nothing-read',
        title='Nothing of a client or an endpoint could be read',
        kind='cross',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='A check of nothing finds nothing, and looks like one that '
        'passed.',
        fix='Name the class that sends, or serves. Where it is made in a way '
        'that cannot be followed, "allow-unread = true" of the interface in '
        'pyproject.toml says that this is known.',
        bad="""
class API:
    def store(self, ctxt, wine):
        self.cellar.sync_call(ctxt, 'store', wine=wine)


class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt, wine):
        ...
""",
        good="""
class API:
    def store(self, ctxt, wine):
        cctxt = self.client.prepare(version='1.0')
        cctxt.cast(ctxt, 'store', wine=wine)


class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt, wine):
        ...
""",
    ),
    _rule.Rule(
        id='unread',
        title='Something could not be read',
        kind='cross',
        severity=_NOTE,
        forward=_NONE,
        backward=_NONE,
        why='Nothing of a checked tree is run, so what only running it tells '
        'is not known, and not guessed: it is not checked.',
        fix='Write it as a literal, or as the name of one.',
        bad="""
class API:
    def store(self, ctxt, wine):
        cctxt = self.client.prepare(version=CONF.cellar.version)
        cctxt.cast(ctxt, 'store', wine=wine)


class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt, wine):
        ...
""",
        good="""
class API:
    def store(self, ctxt, wine):
        cctxt = self.client.prepare(version='1.0')
        cctxt.cast(ctxt, 'store', wine=wine)


class Manager:
    target = messaging.Target(version='1.0')

    def store(self, ctxt, wine):
        ...
""",
    ),
)
