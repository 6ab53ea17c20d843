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
        title='A released version changed its meaning',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Peers announce only a version. If two releases with the same '
        'version differ, each misjudges the other.',
        fix='Append a revision to the history, and let the change begin '
        'there. Other rules report what the change breaks; this one reports '
        'the rest.',
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
        title='A new version has no changes',
        kind='hygiene',
        severity=_rule.Severity.WARNING,
        forward=_NONE,
        backward=_NONE,
        why='It is another version to support forever, and anything that '
        'begins there is refused to peers that could handle it.',
        fix='Remove the entry until there is a change for it.',
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
        title='A version decreased',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Peers are compared by version. A later one with a lower number '
        'counts as an earlier one.',
        fix='Continue from the highest released version.',
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
        why='A method with a version that does not exist is supported by '
        'nobody, and a service that declares it does not start. A peer that '
        'announces a removed version is misidentified.',
        fix='Use a revision of the history; keep all released ones.',
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
        why='It describes released services, which do not change with it, so '
        'the check would miss what breaks them.',
        fix='Revert the edit, and make the change a new revision.',
        bad="""
--- contracts/cellar/1.1.yaml
-      shelf: str = 'top'
+      shelf: str = 'bottom'
""",
        good=_examples.AIR,
    ),
    _rule.Rule(
        id='history-unread',
        title='The history of the locks was not read as a whole',
        kind='hygiene',
        severity=_rule.Severity.NOTE,
        forward=_NONE,
        backward=_NONE,
        why='An edit that makes the digest of a lock anew is told by the '
        'history of git only, back to the commit that wrote the lock.',
        fix='Let the job that checks clone the whole history, and install '
        'git there.',
    ),
    _rule.Rule(
        id='frozen-missing',
        title='A released version is not frozen',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='A revision that has a successor no longer changes, and only its '
        'lock enforces that.',
        fix='Run "rpc-contract freeze", and commit its output.',
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
        'missing name prevents the start of the service; a moved name pins to '
        'another version.',
        fix='Add the release to the revision of its services.',
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
        why='A service announces what its endpoint names. If its clients '
        'declare another version, they send what it refuses, or refuse what '
        'it accepts.',
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
        title='A declaration cannot be read from its source',
        kind='hygiene',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='Values that are computed when a service starts cannot be checked '
        'before, nor seen by readers.',
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
