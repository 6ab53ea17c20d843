# SPDX-License-Identifier: Apache-2.0
"""Rules about changes of arguments and results."""

from __future__ import annotations

from rpc_contract.rules import _examples
from rpc_contract.rules import _rule

_ERROR = _rule.Severity.ERROR
_SAFE = _rule.Verdict.SAFE
_GATED = _rule.Verdict.GATED
_BREAKING = _rule.Verdict.BREAKING

#: Adds an argument that came later, as it should be.
_ADDED = """
-    @rpc.cast('1.0')
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    @rpc.cast('1.0', spans={'note': rpc.Span('1.2', may_omit=True)})
+    def store(
+        self,
+        context: Context,
+        wine: str,
+        bottles: int,
+        note: str | None = None,
+    ) -> None:
@@
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(
+        self,
+        context: Context,
+        wine: str,
+        bottles: int,
+        note: str | None = None,
+    ) -> None:
"""


_COUNT = "def count(self, context: Context, shelf: str = 'top') -> int:"
_STORE = 'def store(self, context: Context, wine: str, bottles: int) -> None:'
_FIND = 'def find(self, context: Context, wine: str) -> str | None:'

#: Adds a method that does or returns what an old one should not.
_OTHER = _examples.added(
    "@rpc.call('1.2')",
    'look(self, context: Context, wine: str | int) -> list[str]',
    'Return all shelves of a wine.',
    'return []',
)

VALUES = (
    _rule.Rule(
        id='argument-added-optional',
        title='An argument with a default is sent to peers without it',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='An old server refuses a message with an argument that it does '
        'not know.',
        fix='Say since when there is the argument; then it is sent to those '
        'who know it, and left out or refused elsewhere.',
        bad=_examples.changed(
            _FIND,
            'def find(self, context: Context, wine: str, year: int = 0) -> '
            'str | None:',
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-added-required',
        title='An argument without a default came later',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Old clients do not send it, so each of their messages is '
        'refused.',
        fix='Give it a default that means "as before", and say since when '
        'there is the argument.',
        bad=_examples.changed(
            _FIND,
            'def find(self, context: Context, wine: str, year: int) -> '
            'str | None:',
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-removed',
        title='An argument is no longer taken',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Old clients send it on, and are refused. Old servers may '
        'require it.',
        fix='Take it on, and do nothing with it.',
        bad=_examples.changed(
            _STORE, 'def store(self, context: Context, wine: str) -> None:'
        ),
        good="""
--- cellar/manager.py
     def store(self, context: Context, wine: str, bottles: int) -> None:
-        pass
+        del bottles
""",
    ),
    _rule.Rule(
        id='argument-renamed',
        title='An argument has another name',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Arguments go over the wire by name.',
        fix='Keep the name. In the endpoint, give the value another one on '
        'the first line.',
        bad=_examples.changed(
            _STORE,
            'def store(self, context: Context, wine: str, number: int) -> '
            'None:',
        ),
        good="""
--- cellar/manager.py
     def store(self, context: Context, wine: str, bottles: int) -> None:
-        pass
+        number = bottles
""",
    ),
    _rule.Rule(
        id='argument-made-required',
        title='An argument lost its default',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Old clients leave it out where they mean the default, and are '
        'refused.',
        fix='Keep the default.',
        bad=_examples.changed(
            _COUNT, 'def count(self, context: Context, shelf: str) -> int:'
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-made-optional',
        title='An argument may be left out that peers require',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='An old server refuses a message without it.',
        fix='Say which peers require it, so that it is always sent to them.',
        bad=_examples.changed(
            _STORE,
            'def store(self, context: Context, wine: str, bottles: int = 1) '
            '-> None:',
        ),
        good="""
-    @rpc.cast('1.0')
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    @rpc.cast('1.0', spans={'bottles': rpc.Span(required=('1.0', '1.1'))})
+    def store(
+        self, context: Context, wine: str, bottles: int = 1
+    ) -> None:
@@
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(
+        self, context: Context, wine: str, bottles: int = 1
+    ) -> None:
""",
    ),
    _rule.Rule(
        id='default-changed',
        title='A default means something else',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='Who leaves the argument out means the default that he knows, '
        'and gets that of the other side.',
        fix='Keep the default. For another behaviour add an argument.',
        bad=_examples.changed(_COUNT, _COUNT.replace('top', 'bottom')),
        good=_ADDED,
    ),
    _rule.Rule(
        id='type-narrowed',
        title='An argument takes less',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Old clients send what is no longer taken; what comes of it is '
        'up to the code that gets it.',
        fix='Take what was taken.',
        bad="""
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(self, context: Context, wine: str, bottles: bool) -> None:
""",
        good="""
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(self, context: Context, wine: str, bottles: float) -> None:
""",
    ),
    _rule.Rule(
        id='type-widened',
        title='An argument takes more',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='New clients send what old servers do not take, and a type has '
        'no version, so nothing keeps them from it.',
        fix='Add an argument, or a method, with a revision of its own.',
        bad=_examples.changed(
            _STORE, _STORE.replace('bottles: int', 'bottles: int | None')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='type-changed',
        title='An argument takes something else',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Each side sends what the other does not take.',
        fix='Add an argument, or a method, with a revision of its own.',
        bad=_examples.changed(
            _STORE, _STORE.replace('bottles: int', 'bottles: str')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-narrowed',
        title='A method returns less',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='New clients get from old servers what they no longer expect.',
        fix='Keep the type, and have clients bear all of it; or add a method.',
        bad=_examples.changed(_FIND, _FIND.replace(' | None', '')),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-widened',
        title='A method returns more',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Who called is answered in words that he does not know. A new '
        'key in a dictionary is all that may come.',
        fix='Keep the type, and add a method for what is new.',
        bad=_examples.changed(
            _COUNT, _COUNT.replace('-> int', '-> int | None')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-changed',
        title='A method returns something else',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Who called is answered in words that he does not know.',
        fix='Keep the type, and add a method for what is new.',
        bad=_examples.changed(_COUNT, _COUNT.replace('-> int', '-> str')),
        good=_OTHER,
    ),
)
