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
        why='An old server refuses a message with an unknown argument.',
        fix='Declare the first version of the argument; then it is sent to '
        'peers with that version, and omitted or refused for others.',
        bad=_examples.changed(
            _FIND,
            'def find(self, context: Context, wine: str, year: int = 0) -> '
            'str | None:',
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-added-required',
        title='An argument without a default was added',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Old clients do not send it, so all their messages are refused.',
        fix='Add a default that means "as before", and declare the first '
        'version of the argument.',
        bad=_examples.changed(
            _FIND,
            'def find(self, context: Context, wine: str, year: int) -> '
            'str | None:',
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-removed',
        title='An argument is no longer accepted',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Old clients still send it, and are refused. Old servers may '
        'require it.',
        fix='Accept it, and ignore it.',
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
        title='An argument was renamed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Arguments are sent by name.',
        fix='Keep the name. In the endpoint, assign the value to another name '
        'on the first line.',
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
        why='Old clients omit it when they mean the default, and are refused.',
        fix='Keep the default.',
        bad=_examples.changed(
            _COUNT, 'def count(self, context: Context, shelf: str) -> int:'
        ),
        good=_ADDED,
    ),
    _rule.Rule(
        id='argument-made-optional',
        title='An argument is optional, but peers require it',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='An old server refuses a message without it.',
        fix='Declare which peers require it, so that it is always sent to '
        'them.',
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
        title='A default was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_BREAKING,
        why='A peer that omits the argument means its own default, but gets '
        'that of the other side.',
        fix='Keep the default. For another behavior add an argument.',
        bad=_examples.changed(_COUNT, _COUNT.replace('top', 'bottom')),
        good=_ADDED,
    ),
    _rule.Rule(
        id='type-narrowed',
        title='The type of an argument was narrowed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Old clients send values that are no longer accepted; the result '
        'depends on the code.',
        fix='Accept the old type.',
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
        title='The type of an argument was widened',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='New clients send values that old servers do not accept, and a '
        'type has no version, so nothing prevents it.',
        fix='Add an argument, or a method, with a revision of its own.',
        bad=_examples.changed(
            _STORE, _STORE.replace('bottles: int', 'bottles: int | None')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='type-changed',
        title='The type of an argument was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Each side sends values that the other does not accept.',
        fix='Add an argument, or a method, with a revision of its own.',
        bad=_examples.changed(
            _STORE, _STORE.replace('bottles: int', 'bottles: str')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-narrowed',
        title='The type of a result was narrowed',
        kind='change',
        severity=_ERROR,
        forward=_SAFE,
        backward=_GATED,
        why='New clients get values from old servers that they no longer '
        'expect.',
        fix='Keep the type, and let clients handle all of it; or add a '
        'method.',
        bad=_examples.changed(_FIND, _FIND.replace(' | None', '')),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-widened',
        title='The type of a result was widened',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_SAFE,
        why='Old callers get values that they do not know. Only new keys in a '
        'dictionary are safe.',
        fix='Keep the type, and add a method for the new values.',
        bad=_examples.changed(
            _COUNT, _COUNT.replace('-> int', '-> int | None')
        ),
        good=_OTHER,
    ),
    _rule.Rule(
        id='result-changed',
        title='The type of a result was changed',
        kind='change',
        severity=_ERROR,
        forward=_BREAKING,
        backward=_GATED,
        why='Callers get values that they do not know.',
        fix='Keep the type, and add a method for the new values.',
        bad=_examples.changed(_COUNT, _COUNT.replace('-> int', '-> str')),
        good=_OTHER,
    ),
)
