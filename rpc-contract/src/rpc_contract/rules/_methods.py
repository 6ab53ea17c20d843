# SPDX-License-Identifier: Apache-2.0
"""Rules about changes of an interface and of its methods."""

from __future__ import annotations

from rpc_contract.rules import _examples
from rpc_contract.rules import _rule

_ERROR = _rule.Severity.ERROR
_SAFE = _rule.Verdict.SAFE
_GATED = _rule.Verdict.GATED
_BREAKING = _rule.Verdict.BREAKING
_NONE = _rule.Verdict.NONE

METHODS = (
    _rule.Rule(
        id='method-added',
        title='A method is sent to peers that do not have it',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='An old server answers NoSuchMethod to a call, and drops a cast. '
        'A client that knows the first version of the method refuses it '
        'before sending, and names the peer to upgrade.',
        fix='Declare it with the revision that adds it. Append one to the '
        'history if the latest is released.',
        bad=_examples.AIR.replace("('1.2')\n+", "('1.1')\n+"),
        good=_examples.AIR,
    ),
    _rule.Rule(
        id='method-removed',
        title='A method is no longer served',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Clients of the revisions with the method still send it. A call '
        'fails, and a cast does nothing.',
        fix='Keep serving it, if only to refuse it with a reason, until the '
        'floor of the interface is above the last revision with it.',
        bad="""
-    @rpc.call('1.1')
-    def find(self, context: Context, wine: str) -> str | None:
-        '''Return the shelf of a wine.'''
-
     @rpc.cast('1.2')
@@
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
-        return None
-
     def close(self, context: Context) -> None:
""",
        good="""
--- cellar/manager.py
     def find(self, context: Context, wine: str) -> str | None:
-        return None
+        raise NotImplementedError('Nobody looks for wine any more.')
""",
    ),
    _rule.Rule(
        id='method-renamed',
        title='A method was renamed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Methods are sent by name. Old clients send the old name, which '
        'nobody serves, and old servers do not know the new one.',
        fix='Keep the old name. If the new one matters, add it with a new '
        'revision and serve both.',
        bad=_examples.changed(
            'def find(self, context: Context, wine: str) -> str | None:',
            'def find_wine(self, context: Context, wine: str) -> str | None:',
        ),
        good=_examples.added(
            "@rpc.call('1.2')",
            'find_wine(self, context: Context, wine: str) -> str | None',
            'Return the shelf of a wine.',
            'return None',
        ),
    ),
    _rule.Rule(
        id='method-hidden',
        title='A declared method cannot be called',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Clients rely on the declaration. A service whose endpoint does '
        'not serve all of it does not start.',
        fix='Serve it, if only by refusing it.',
        bad="""
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
+    def _find(self, context: Context, wine: str) -> str | None:
""",
        good="""
--- cellar/manager.py
+    def _look(self, wine: str) -> str | None:
+        return None
+
     def find(self, context: Context, wine: str) -> str | None:
-        return None
+        return self._look(wine)
""",
    ),
    _rule.Rule(
        id='method-exposed',
        title='A method can be called, or appears so, but is not declared',
        kind='change',
        severity=_ERROR,
        forward=_NONE,
        backward=_NONE,
        why='oslo.messaging calls every public method of an endpoint for '
        'anybody who can send to its topic. A library with declarations calls '
        'only declared methods, so there the declaration is missing.',
        fix='Declare it, or begin its name with an underscore.',
        bad="""
--- cellar/manager.py
+    def burn(self, context: Context) -> None:
+        pass
+
     def close(self, context: Context) -> None:
""",
        good="""
--- cellar/manager.py
+    def _burn(self, context: Context) -> None:
+        pass
+
     def close(self, context: Context) -> None:
""",
    ),
    _rule.Rule(
        id='call-to-cast',
        title='A call became a cast',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Old clients wait for a result, and continue as if they had one. '
        'They no longer learn of failures.',
        fix='Keep the call, and add a cast with another name.',
        bad="""
-    @rpc.call('1.1')
+    @rpc.cast('1.1')
     def find(self, context: Context, wine: str) -> str | None:
""",
        good=_examples.added(
            "@rpc.cast('1.2')",
            'send_for(self, context: Context, wine: str) -> None',
            'Have a bottle brought.',
        ),
    ),
    _rule.Rule(
        id='cast-to-call',
        title='A cast became a call',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='New clients wait for old servers, which answer after the work, '
        'perhaps later than the timeout. Clients also mistake a missing error '
        'of an old server for success.',
        fix='Keep the cast, and add a call with another name.',
        bad="""
-    @rpc.cast('1.0')
+    @rpc.call('1.0')
     def store(self, context: Context, wine: str, bottles: int) -> None:
""",
        good=_examples.added(
            "@rpc.call('1.2')",
            'store_now(self, context: Context, wine: str) -> bool',
            'Put a bottle into the cellar, and say whether it fits.',
            'return True',
        ),
    ),
    _rule.Rule(
        id='topic-changed',
        title='The topic was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='Messages go to the queue of their topic. On different topics, '
        'old and new peers never meet, without any error.',
        fix='Keep the topic. To change it, serve both until no living peer '
        'uses the old one.',
        bad="""
-    topic=lambda conf, peer: 'cellar',
+    topic=lambda conf, peer: 'wine-cellar',
""",
        good="""
-    peer='cellars',
+    peer='wine cellars',
""",
    ),
    _rule.Rule(
        id='namespace-changed',
        title='The namespace was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='An endpoint takes messages of its own namespace only; all '
        'others are answered UnsupportedVersion.',
        fix='Keep the namespace, or serve both.',
    ),
    _rule.Rule(
        id='major-changed',
        title='The major version was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='A server accepts messages of its own major version only.',
        fix='Serve the new major version beside the old one until no living '
        'peer needs that: an interface of its own that follows it.',
        bad="""
-        rpc.Revision('1.0', 'The first.', releases=('2026.1',)),
-        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('2.0', 'The first.', releases=('2027.1',)),
@@
-    @rpc.call('1.0')
+    @rpc.call('2.0')
@@
-    @rpc.cast('1.0')
+    @rpc.cast('2.0')
@@
-    @rpc.call('1.1')
+    @rpc.call('2.0')
@@
-    @rpc.cast('1.2')
+    @rpc.cast('2.0')
""",
        good="""
-        rpc.Revision('1.2', 'close was added.', releases=('2027.1',)),
+        rpc.Revision('1.2', 'close was added.', releases=('2027.1', 'z')),
""",
    ),
    _rule.Rule(
        id='floor-raised',
        title='The lowest supported version was raised',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='Peers below the floor are not supported, and their messages are '
        'refused. Guests in old images may be years old.',
        fix='Keep the entry of the history. If no living peer uses it, delete '
        'its lock too, as an explicit decision that can be reviewed.',
        bad="""
-        rpc.Revision('1.0', 'The first.', releases=('2026.1',)),
         rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
@@
-    @rpc.call('1.0')
+    @rpc.call('1.1')
@@
-    @rpc.cast('1.0')
+    @rpc.cast('1.1')
""",
    ),
)
