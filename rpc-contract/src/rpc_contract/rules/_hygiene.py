# SPDX-License-Identifier: Apache-2.0
"""Rules about versions, aliases and frozen files."""

from __future__ import annotations

from rpc_contract.rules import _examples
from rpc_contract.rules import _rule

_ERROR = _rule.Severity.ERROR
_NONE = _rule.Verdict.NONE
_LATEST = "rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),"


def _latest(new: str) -> str:
    """Change the latest entry of the history of the example."""
    return f'\n-        {_LATEST}\n+        {new}\n'


#: Appends a revision, and a method that came with it.
_NEXT = f"""
         {_LATEST}
+        rpc.Revision('1.3', 'air was added.', releases=('2027.2',)),
@@
{_examples.AIR.replace("('1.2')", "('1.3')", 1).lstrip()}"""

HYGIENE = (
    _rule.Rule(
        id='changed-without-bump',
        title='A released version means something else',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Peers tell each other a version and nothing more. If two '
        'releases of the same version differ, each takes the other for what '
        'it is not.',
        fix='Append a revision to the history, and have what changed begin '
        'there. What a change does to others is told by a rule of its own; '
        'this one is about the rest.',
        bad="""
     remedy='Dig.',
+    sealed_since='1.1',
""",
        good="""
     remedy='Dig.',
+    sealed_since='1.2',
""",
    ),
    _rule.Rule(
        id='bump-without-change',
        title='A new version says nothing new',
        kind='hygiene',
        severity=_rule.Severity.WARNING,
        forward=_NONE,
        backward=_NONE,
        why='It is one more version to keep for ever, and what begins there '
        'is refused to peers that could take it.',
        fix='Leave the entry out until there is a change for it.',
        bad="""
-    @rpc.cast('1.2')
-    def close(self, context: Context) -> None:
-        '''Shut the door.'''
@@
--- cellar/manager.py
-    def close(self, context: Context) -> None:
-        pass
""",
        good=_examples.AIR,
    ),
    _rule.Rule(
        id='version-back',
        title='A version went back',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Peers are compared by version. A later one with a lower number '
        'is taken for an earlier one.',
        fix='Count on from the highest version that was released.',
        bad="""
-        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
""",
        good=_latest(
            "rpc.Revision('1.2', 'A door.', releases=('2027.1', 'iris')),"
        ),
    ),
    _rule.Rule(
        id='version-unknown',
        title='A version is not in the history',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='What begins with a version that does not exist is known to '
        'nobody, and a service that declares it does not start. A peer that '
        'announces a version which has gone is taken for another.',
        fix='Name a revision of the history; keep all that were released.',
        bad="""
-    @rpc.cast('1.2')
+    @rpc.cast('1.3')
     def close(self, context: Context) -> None:
""",
        good=_latest("rpc.Revision('1.2', 'A door.', releases=('2027.1',)),"),
    ),
    _rule.Rule(
        id='frozen-edited',
        title='A frozen contract was edited',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='It says what released services do. They do not change with it, '
        'and the check would be silent about what breaks them.',
        fix='Take the edit back, and make the change a new revision.',
        bad="""
--- contracts/cellar/1.1.yaml
-      shelf: str = 'top'
+      shelf: str = 'bottom'
""",
        good=_examples.AIR,
    ),
    _rule.Rule(
        id='frozen-missing',
        title='A released version is not frozen',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='A revision with another one after it does not change any more, '
        'and nothing but its lock sees to that.',
        fix='Run "rpc-contract freeze", and commit what it writes.',
        bad=_NEXT,
        good=_examples.AIR,
    ),
    _rule.Rule(
        id='alias-missing',
        title='A release has no version',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Operators pin by the names of releases during an upgrade. A '
        'name that is not there stops the service at its start; one that '
        'moved pins to something else.',
        fix='Name the release at the revision that its services are of.',
        bad=_latest("rpc.Revision('1.2', 'close was added.'),"),
        good=_latest(
            "rpc.Revision('1.2', 'A door.', releases=('2027.1', 'iris')),"
        ),
    ),
    _rule.Rule(
        id='alias-unparsable',
        title='A release alias cannot be used',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Names are looked up in lower case, and each has one meaning.',
        fix='Write it as 2026.2, or as a name in lower case, and once.',
        bad=_latest(
            "rpc.Revision('1.2', 'A door.', releases=('Iris 2027',)),"
        ),
        good=_latest(
            "rpc.Revision('1.2', 'A door.', releases=('iris', '2027.1')),"
        ),
    ),
    _rule.Rule(
        id='version-disagreement',
        title='Client and endpoint disagree about the version',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='What a service announces is what its endpoint names. If that is '
        'not what its clients declare, they send what it refuses, or refuse '
        'what it takes.',
        fix='Take the version from one place: the interface of the client.',
        bad="""
--- cellar/manager.py
-    interface = api.API.interface
+    target = messaging.Target(version='1.1')
""",
        good="""
--- cellar/manager.py
-from cellar import api
+from cellar.api import API
@@
-    interface = api.API.interface
+    interface = API.interface
""",
    ),
    _rule.Rule(
        id='declaration-unread',
        title='A declaration cannot be told from its source',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='What is put together when a service starts cannot be checked '
        'before, and is not what people see who read it.',
        fix='Write it as a literal, or as the name of one.',
        bad="""
-    @rpc.cast('1.2')
+    @rpc.cast(SINCE['close'])
""",
        good="""
-class API(rpc.Client, interface=INTERFACE):
+_SINCE = '1.2'
+
+
+class API(rpc.Client, interface=INTERFACE):
@@
-    @rpc.cast('1.2')
+    @rpc.cast(_SINCE)
""",
    ),
    _rule.Rule(
        id='name-reused',
        title='A retired name means something new',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Clients and servers of the time before still mean the old one '
        'by it, and the message looks right to both.',
        fix='Choose another name, or say that it is the old one again.',
    ),
)
