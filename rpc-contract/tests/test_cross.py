# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import testscenarios

from rpc_contract import rules
from tests import example
from tests import handwritten

_CROSS = [
    each
    for each in rules.RULES.values()
    if each.kind == 'cross' and each.bad
]

CLIENT = """
class API:
    RPC_API_VERSION = '1.2'

    def store(self, ctxt, wine, shelf):
        version = '1.2'
        message = {'wine': wine, 'shelf': shelf}
        if not self.client.can_send_version(version):
            message.pop('shelf')
            version = '1.0'
        self.client.prepare(version=version).cast(ctxt, 'store', **message)

    def air(self, ctxt, hours=1):
        cctxt = self.client.prepare(version='1.0')
        cctxt.cast(ctxt, 'air', hours=hours)
"""
MANAGER = """
class Manager:
    target = messaging.Target(version='1.2')

    def store(self, ctxt, wine, shelf=None):
        ...

    def air(self, ctxt, hours):
        ...
"""


class ExamplesTest(testscenarios.WithScenarios, handwritten.TestCase):
    """Each cross rule finds its bad example, and nothing in its good one."""

    scenarios = [(rule.id, {'rule': rule}) for rule in _CROSS]

    def test_bad(self) -> None:
        found = self.found(self.rule.bad)

        self.assertEqual({self.rule.id}, {rule for rule, _symbol in found})

    def test_good(self) -> None:
        self.assertEqual(set(), self.found(self.rule.good))


class HandwrittenTest(handwritten.TestCase):
    def test_nothing_is_wrong(self) -> None:
        self.assertEqual(set(), self.found(CLIENT + MANAGER))

    def test_says_what_is_wrong_where_and_what_to_do(self) -> None:
        manager = MANAGER.replace('hours', 'days')

        unknown, missing = self.check(CLIENT + manager)

        self.assertEqual(
            ('unknown-argument', 'air(hours)'), (unknown.rule, unknown.symbol)
        )
        self.assertEqual('cellar.py:14', str(unknown.where))
        self.assertIn('air is sent with hours at 1.0', unknown.message)
        self.assertIn('Accept hours at cellar.py:22', unknown.fix)
        self.assertEqual(
            ('missing-argument', 'air(days)'), (missing.rule, missing.symbol)
        )

    def test_argument_that_is_sent_at_times_only(self) -> None:
        client = CLIENT.replace(
            "cctxt.cast(ctxt, 'air', hours=hours)",
            "kw = {}\n        if hours:\n            kw['hours'] = hours\n"
            "        cctxt.cast(ctxt, 'air', **kw)",
        )

        (finding,) = self.check(client + MANAGER)

        self.assertEqual('missing-argument', finding.rule)
        self.assertIn('at times', finding.message)

    def test_fields_that_nobody_can_tell_may_be_any(self) -> None:
        client = CLIENT.replace('hours=1', '**kw').replace(
            'hours=hours', '**kw'
        )

        self.assertEqual(set(), self.found(client + MANAGER))

    def test_endpoint_that_takes_anything(self) -> None:
        manager = MANAGER.replace('hours', '**fields')

        self.assertEqual(set(), self.found(CLIENT + manager))

    def test_endpoint_with_a_hole_is_not_blamed(self) -> None:
        manager = """
class Manager:
    target = messaging.Target(version='1.2')

    def __getattr__(self, name):
        return strategies.load(name)
"""
        self.assertEqual(
            {('partly-read', '__getattr__')}, self.found(CLIENT + manager)
        )

    def test_other_namespace(self) -> None:
        client = CLIENT.replace(
            "prepare(version='1.0')", "prepare(version='1.0', namespace='x')"
        )

        self.assertEqual({('not-served', 'air')}, self.found(client + MANAGER))

    def test_other_major(self) -> None:
        client = CLIENT.replace(
            "prepare(version='1.0')", "prepare(version='2.0')"
        )

        self.assertEqual({('not-served', 'air')}, self.found(client + MANAGER))

    def test_older_major_for_older_peers_only(self) -> None:
        client = """
class API:
    def air(self, ctxt):
        version = '2.0'
        if not self.client.can_send_version(version):
            version = '1.0'
        self.client.prepare(version=version).cast(ctxt, 'air')
"""
        manager = MANAGER.replace('1.2', '2.0').replace(', hours', '')

        self.assertEqual(set(), self.found(client + manager))

    def test_gate_of_a_major_that_is_gone(self) -> None:
        client = """
class API:
    def air(self, ctxt):
        if not self.client.can_send_version('1.4'):
            raise TooOld()
        self.client.prepare(version='2.0').cast(ctxt, 'air')
"""
        manager = MANAGER.replace('1.2', '2.0').replace(', hours', '')

        self.assertEqual(
            set(), self.found(client + manager), 'it is never sent at all'
        )

    def test_method_that_needs_a_newer_peer_than_its_message_says(
        self,
    ) -> None:
        client = CLIENT.replace(
            "cctxt = self.client.prepare(version='1.0')",
            "if not self.client.can_send_version('1.1'):\n"
            '            raise TooOld()\n'
            "        cctxt = self.client.prepare(version='1.0')",
        )

        (finding,) = self.check(client + MANAGER)

        self.assertEqual(
            ('version-too-low', 'air'), (finding.rule, finding.symbol)
        )
        self.assertIn('Send it at 1.1', finding.fix)

    def test_result(self) -> None:
        client = CLIENT.replace('cctxt.cast', 'return cctxt.call')
        manager = MANAGER.replace('hours):', 'hours) -> tuple[int, int]:')

        (finding,) = self.check(client + manager)

        self.assertEqual(
            ('json-changes-value', 'air'), (finding.rule, finding.symbol)
        )
        self.assertIn('the result of air is a tuple', finding.message)
        self.assertIn('a list', finding.message)


class OlderTest(handwritten.TestCase):
    """A client against the endpoint of an older release."""

    def test_same(self) -> None:
        self.assertEqual(set(), self.found(CLIENT + MANAGER, CLIENT + MANAGER))

    def test_fallback_that_the_old_endpoint_does_not_take(self) -> None:
        old = (CLIENT + MANAGER).replace('1.2', '1.1')
        old = old.replace('wine, shelf=None', 'bottle')

        found = self.found(CLIENT + MANAGER, old)

        self.assertIn(('fallback-unfit', 'store(wine)'), found)
        self.assertIn(('fallback-unfit', 'store(bottle)'), found)

    def test_what_only_newer_peers_are_sent_is_no_fallback(self) -> None:
        old = (CLIENT + MANAGER).replace('1.2', '1.1')
        old = old.replace(', shelf=None', '')

        self.assertEqual(set(), self.found(CLIENT + MANAGER, old))

    def test_new_version_alone_does_not_help(self) -> None:
        old = (CLIENT + MANAGER).replace('1.2', '1.1')
        old = old.replace(', hours):', '):').replace(', hours=hours', '')

        found = self.found(CLIENT + MANAGER, old)

        self.assertIn(('version-too-low', 'air(hours)'), found)

    def test_new_method_at_an_old_version(self) -> None:
        old = (CLIENT + MANAGER).replace('1.2', '1.1').replace('air', 'vent')

        found = self.found(CLIENT + MANAGER, old)

        self.assertIn(('version-too-low', 'air'), found)

    def test_argument_that_only_open_fields_take(self) -> None:
        new = (CLIENT + MANAGER).replace('hours):', '**fields):')
        old = CLIENT.replace(', hours=hours', '') + MANAGER.replace(
            ', hours', ''
        )

        found = self.found(new, old)

        self.assertIn(('version-too-low', 'air(hours)'), found)

    def test_methods_that_nobody_sends_may_change(self) -> None:
        old = CLIENT + MANAGER + '    def start(self, ctxt, now): ...\n'

        self.assertEqual(set(), self.found(CLIENT + MANAGER, old))

    def test_arguments_that_nobody_sends_may_go(self) -> None:
        old = CLIENT + MANAGER.replace('hours', 'hours, diff=None')

        self.assertEqual(set(), self.found(CLIENT + MANAGER, old))

    def test_result_of_a_cast_may_change(self) -> None:
        old = CLIENT + MANAGER.replace('hours):', 'hours) -> None:')
        new = CLIENT + MANAGER.replace('hours):', 'hours) -> bool | None:')

        self.assertEqual(set(), self.found(new, old))
        called = [
            text.replace("cctxt.cast(ctxt, 'air'", "cctxt.call(ctxt, 'air'")
            for text in (new, old)
        ]
        self.assertIn(('result-widened', 'air'), self.found(*called))

    def test_call_becomes_a_cast(self) -> None:
        called = CLIENT.replace(
            "cctxt.cast(ctxt, 'air'", "cctxt.call(ctxt, 'air'"
        )

        found = self.found(CLIENT + MANAGER, called + MANAGER)

        self.assertIn(('call-to-cast', 'air'), found)

    def test_cast_may_be_a_call_as_well(self) -> None:
        either = CLIENT.replace(
            'cctxt.cast(',
            '(cctxt.call if wait else cctxt.cast)(',
        )

        self.assertEqual(set(), self.found(either + MANAGER, CLIENT + MANAGER))
        self.assertEqual(set(), self.found(CLIENT + MANAGER, either + MANAGER))

    def test_topic_changes(self) -> None:
        client = CLIENT.replace(
            "    RPC_API_VERSION = '1.2'\n",
            "    RPC_API_VERSION = '1.2'\n\n"
            '    def __init__(self):\n'
            "        target = messaging.Target(topic='cellar')\n"
            '        self.client = get_client(target)\n',
        )

        found = self.found(
            client + MANAGER, client.replace("'cellar'", "'vault'") + MANAGER
        )

        self.assertIn(('topic-changed', ''), found)

    def test_change_without_a_new_version(self) -> None:
        new = CLIENT.replace('hours=hours', "hours=hours, how='slowly'")
        new += MANAGER.replace('hours', 'hours, how=None')

        found = self.found(new, CLIENT + MANAGER)

        self.assertIn(('argument-added-optional', 'air(how)'), found)


class DeclaredTest(example.TestCase):
    """Interfaces that are declared."""

    def test_endpoint_requires_what_is_not_declared(self) -> None:
        self.change(
            """
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
+    def find(self, context: Context, wine: str, year: int) -> str | None:
"""
        )

        self.assertIn(('missing-argument', 'find(year)'), self.found())

    def test_endpoint_does_not_take_what_is_declared(self) -> None:
        self.change(
            """
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
+    def find(self, context: Context, *, vine: str = '') -> str | None:
"""
        )

        self.assertIn(('unknown-argument', 'find(wine)'), self.found())

    def test_endpoint_requires_what_older_clients_do_not_send(self) -> None:
        self.change(
            """
+    @rpc.cast('1.0', spans={'note': rpc.Span('1.2')})
+    def store(
+        self, context: Context, wine: str, bottles: int, note: str = ''
+    ) -> None:
-    @rpc.cast('1.0')
-    def store(self, context: Context, wine: str, bottles: int) -> None:
@@
--- cellar/manager.py
-    def store(self, context: Context, wine: str, bottles: int) -> None:
+    def store(
+        self, context: Context, wine: str, bottles: int, note: str
+    ) -> None:
"""
        )

        self.assertIn(('fallback-unfit', 'store(note)'), self.found())

    def test_annotation_that_json_does_not_keep(self) -> None:
        for old, new in (
            ('wine: str, bottles', 'wine: set[str], bottles'),
            ('wine: str, bottles', 'wine: dict[int, str], bottles'),
        ):
            path = self.tree.top / 'cellar/api.py'
            source = path.read_text('utf-8')
            path.write_text(source.replace(old, new), 'utf-8')

            self.assertIn(('json-changes-value', 'store(wine)'), self.found())
            path.write_text(source, 'utf-8')

    def test_what_is_gone_is_not_asked_of_the_endpoint(self) -> None:
        self.change(
            """
+    @rpc.call('1.1', until='1.1')
-    @rpc.call('1.1')
     def find(self, context: Context, wine: str) -> str | None:
@@
--- cellar/manager.py
-    def find(self, context: Context, wine: str) -> str | None:
-        return None
-
     def close(self, context: Context) -> None:
"""
        )

        self.assertEqual(
            set(), {rule for rule, _ in self.found()} & {'not-served'}
        )
