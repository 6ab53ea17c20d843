# SPDX-License-Identifier: Apache-2.0
"""An older contract against a newer one, beyond the examples of the rules."""

from __future__ import annotations

import dataclasses

from rpc_contract import compare
from rpc_contract import declared
from rpc_contract import findings
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import reading
from tests import base
from tests import example


def argument(name: str, **more: str) -> model.Argument:
    return model.Argument(name, **more)


def contract(*methods: model.Method, **more: object) -> model.Contract:
    values = {'version': '1.0', 'topic': 'tea', **more}
    return model.Contract(
        'tea', methods={each.name: each for each in methods}, **values
    )


BREW = model.Method('brew', 'call', arguments=(argument('leaves'),))


class PlainTest(base.TestCase):
    """Contracts without a history: a new version stands for a gate."""

    def check(
        self, old: model.Contract, new: model.Contract
    ) -> list[findings.Finding]:
        return list(compare.check(old, new, 'tea 1.0', '1.1'))

    def rules(self, *contracts: model.Contract) -> set[tuple[str, str]]:
        return {(x.rule, x.symbol) for x in self.check(*contracts)}

    def test_new_method_needs_a_new_version(self) -> None:
        pour = model.Method('pour')
        old = contract(BREW)

        self.assertEqual(
            {('method-added', 'pour')}, self.rules(old, contract(BREW, pour))
        )
        self.assertEqual(
            set(), self.rules(old, contract(BREW, pour, version='1.1'))
        )

    def test_new_argument_needs_a_new_version(self) -> None:
        more = dataclasses.replace(
            BREW, arguments=(*BREW.arguments, argument('cups', default='1'))
        )

        self.assertEqual(
            {('argument-added-optional', 'brew(cups)')},
            self.rules(contract(BREW), contract(more)),
        )
        self.assertEqual(
            set(), self.rules(contract(BREW), contract(more, version='1.1'))
        )

    def test_what_old_clients_send_counts_at_any_version(self) -> None:
        for version in ('1.0', '1.1'):
            with self.subTest(version):
                self.assertEqual(
                    {('method-removed', 'brew')},
                    self.rules(contract(BREW), contract(version=version)),
                )

    def test_other_major_version_beside_the_old_one(self) -> None:
        old, new = contract(BREW), contract(BREW, version='2.0')
        self.assertEqual({('major-changed', '')}, self.rules(old, new))

        beside = dataclasses.replace(new, others=(contract(BREW),))
        self.assertEqual(set(), self.rules(old, beside))

        worse = dataclasses.replace(new, others=(contract(),))
        self.assertEqual({('method-removed', 'brew')}, self.rules(old, worse))

    def test_namespace(self) -> None:
        self.assertEqual(
            {('namespace-changed', '')},
            self.rules(contract(BREW), contract(BREW, namespace='pot')),
        )

    def test_floor_of_a_contract_without_history(self) -> None:
        self.assertEqual(
            {('floor-raised', '')},
            self.rules(
                contract(BREW), contract(BREW, version='1.5', floor='1.3')
            ),
        )

    def test_topic_that_is_not_told_says_nothing(self) -> None:
        self.assertEqual(
            set(), self.rules(contract(BREW), contract(BREW, topic=None))
        )

    def test_further_arguments(self) -> None:
        open_ended = dataclasses.replace(BREW, arguments=(), any_fields=True)

        self.assertEqual(
            {('argument-removed', 'brew')},
            self.rules(
                contract(open_ended),
                contract(dataclasses.replace(BREW, arguments=())),
            ),
        )
        # Any of them is taken still.
        self.assertEqual(
            {('argument-added-optional', 'brew')},
            self.rules(contract(BREW), contract(open_ended)),
        )

    def test_renamed_or_another(self) -> None:
        for old, new, renamed in (
            ('create_user', 'user_create', False),
            ('create_users', 'create_user', True),
            ('brew', 'brew_tea', True),
            ('brew', 'pour', False),
        ):
            with self.subTest(f'{old}, {new}'):
                found = self.rules(
                    contract(dataclasses.replace(BREW, name=old)),
                    contract(dataclasses.replace(BREW, name=new)),
                )
                self.assertEqual(
                    renamed, ('method-renamed', new) in found, found
                )


class DeclaredTest(example.TestCase):
    def test_every_frozen_revision_counts_and_is_told_once(self) -> None:
        self.freeze(latest=True)
        self.change("""
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, shelf: str = 'low') -> int:
@@
--- cellar/manager.py
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, shelf: str = 'low') -> int:
""")

        (found,) = self.check().open

        self.assertEqual('default-changed', found.rule)
        self.assertEqual('count(shelf)', found.symbol)
        self.assertEqual('cellar 1.0 to cellar 1.2', found.against)
        self.assertEqual('cellar/api.py:18', str(found.where))
        self.assertIn("the default 'top' and has 'low'", found.message)
        self.assertIn('since 1.3', found.fix)

    def test_old_revision_breaks_where_the_last_does_not(self) -> None:
        # 1.1 was released without store, which 1.0 has.
        self.change("""
-    @rpc.cast('1.0')
+    @rpc.cast('1.0', until='1.0')
""")
        (self.tree.top / 'contracts/cellar/1.1.yaml').unlink()
        self.freeze()

        (found,) = self.check().open

        self.assertEqual('method-removed', found.rule)
        self.assertEqual('cellar 1.0', found.against)

    def test_what_a_released_peer_knows_is_not_kept_from_it(self) -> None:
        self.change("""
-    @rpc.call('1.1')
+    @rpc.call('1.2')
""")

        (found,) = self.check().open

        self.assertEqual('changed-without-bump', found.rule)
        self.assertEqual('find', found.symbol)
        self.assertIn('refused to peers that support it', found.message)

    def test_required_by_those_who_do_without_it(self) -> None:
        self.change("""
-    @rpc.call('1.0')
+    @rpc.call('1.0', spans={'shelf': rpc.Span(required=('1.0', '1.1'))})
""")

        self.assertEqual(
            {('changed-without-bump', 'count(shelf)')}, self.found()
        )

    def test_sealing_what_is_released(self) -> None:
        self.change("""
-    @rpc.call('1.1')
+    @rpc.call('1.1', sealed=True)
""")

        self.assertEqual({('changed-without-bump', 'find')}, self.found())

    def test_default_by_the_name_of_a_constant(self) -> None:
        self.change("""
-class API(rpc.Client, interface=INTERFACE):
+_TOP = 'top'
+
+
+class API(rpc.Client, interface=INTERFACE):
@@
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, shelf: str = _TOP) -> int:
""")
        self.assertEqual(set(), self.found())

        self.change("""
-_TOP = 'top'
+_TOP = 'low'
""")
        self.assertEqual({('default-changed', 'count(shelf)')}, self.found())

    def test_endpoint_that_returns_more_than_is_declared(self) -> None:
        self.change("""
--- cellar/manager.py
-    def count(self, context: Context, shelf: str = 'top') -> int:
+    def count(self, context: Context, shelf: str = 'top') -> int | None:
""")

        (found,) = self.check().open

        self.assertEqual('result-widened', found.rule)
        self.assertEqual('cellar/manager.py:7', str(found.where))

    def test_interface_that_is_not_checked_any_more(self) -> None:
        path = self.tree.top / 'pyproject.toml'
        path.write_text(
            path.read_text()
            .replace('interfaces.cellar', 'interfaces.attic')
            .replace('cellar.api', 'attic.api')
            .replace('cellar.manager', 'attic.manager')
        )
        (self.tree.top / 'cellar').rename(self.tree.top / 'attic')
        for file in (self.tree.top / 'attic').glob('*.py'):
            file.write_text(file.read_text().replace('cellar', 'attic'))
        contract = declared.read(reading.Tree(self.tree.top), 'attic.api:API')
        locks.freeze(self.tree.top / 'contracts', contract, latest=False)

        (found,) = self.check().open

        self.assertEqual('method-removed', found.rule)
        self.assertEqual('cellar', found.interface)
        self.assertIn('delete its locks', found.fix)

    def test_what_cannot_be_read_is_said(self) -> None:
        self.change("""
-    @rpc.call('1.1')
+    @rpc.call(chosen_at_start())
""")

        report = self.check()

        # And nothing is concluded from it.
        self.assertEqual(['declaration-unread'], [x.rule for x in report.open])
        self.assertIn('find: chosen_at_start()', report.open[0].message)
        self.assertEqual('cellar/api.py:26', str(report.open[0].where))

    def test_spans_that_cannot_be_read(self) -> None:
        self.change("""
-    @rpc.cast('1.0')
+    @rpc.cast('1.0', spans=dict(bottles=rpc.Span('1.1')))
""")

        self.assertEqual({('declaration-unread', '')}, self.found())

    def test_history_that_cannot_be_read(self) -> None:
        self.change("""
-        rpc.Revision('1.1', 'find was added.', releases=('2026.2',)),
+        rpc.Revision('1.%d' % 1, 'find was added.', releases=('2026.2',)),
""")

        self.assertEqual({('declaration-unread', '')}, self.found())

    def test_endpoint_that_names_the_declaration_itself(self) -> None:
        self.change("""
--- cellar/manager.py
-    interface = api.API.interface
+    interface = api.INTERFACE
""")

        self.assertEqual(set(), self.found())

    def test_base_of_the_endpoint_that_is_elsewhere(self) -> None:
        self.change("""
--- cellar/manager.py
-class Manager:
+class Manager(somewhere.Else):
@@
-    def find(self, context: Context, wine: str) -> str | None:
-        return None
-
""")

        self.assertEqual({('partly-read', 'somewhere.Else')}, self.found())


class NamesTest(example.TestCase):
    """What a declaration says counts, not what it is called."""

    def test_a_decorator_of_another_name(self) -> None:
        self.change("""
+order = rpc.call
+
+
 class API(rpc.Client, interface=INTERFACE):
-    @rpc.call('1.0')
+    @order('1.0')
     def count(self, context: Context, shelf: str = 'top') -> int:
""")

        self.assertEqual(set(), self.found())

    def test_a_decorator_that_the_tree_makes(self) -> None:
        self.change("""
+def order(since):
+    return rpc.call(since, timeout='long')
+
+
 class API(rpc.Client, interface=INTERFACE):
-    @rpc.call('1.0')
+    @order('1.0')
     def count(self, context: Context, shelf: str = 'top') -> int:
""")

        self.assertEqual({('declaration-unread', '')}, self.found())

    def test_arguments_of_the_topic(self) -> None:
        self.change("""
-    topic=lambda conf, peer: 'cellar',
+    topic=lambda conf, peer: f'cellar.{peer}',
""")
        before = self.found()

        self.change("""
-    topic=lambda conf, peer: f'cellar.{peer}',
+    topic=lambda _conf, name: f'cellar.{name}',
""")

        self.assertEqual({('topic-changed', '')}, before)
        messages = [each.message for each in self.check().open]
        self.assertIn("f'cellar.{peer}'", messages[0])

    def test_a_type_with_a_note(self) -> None:
        self.change("""
-    def find(self, context: Context, wine: str) -> str | None:
+    def find(
+        self, context: Context, wine: Annotated[str, 'a name']
+    ) -> str | None:
@@
-from wine import rpc
+from typing import Annotated
+
+from wine import rpc
""")

        self.assertEqual(set(), self.found())
