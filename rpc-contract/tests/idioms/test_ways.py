# SPDX-License-Identifier: Apache-2.0
"""The ways through a client: loops, conditions, dictionaries."""

from __future__ import annotations

import textwrap

from rpc_contract import model
from tests import handwritten


class TestCase(handwritten.TestCase):
    def read(self, body: str, parameters: str = 'wine') -> model.Contract:
        """Read a client with one method, of which this is the body."""
        method = textwrap.indent(textwrap.dedent(body).strip('\n'), ' ' * 8)
        return self.client(
            f'class API:\n    def store(self, ctxt, {parameters}):\n{method}\n'
        )

    def told(self, body: str, parameters: str = 'wine') -> list[str]:
        contract = self.read(body, parameters)
        self.assertEqual((), contract.unread)
        return handwritten.told(contract)


class VersionsTest(TestCase):
    def test_while_no_version_can_be_sent(self) -> None:
        sends = self.told(
            """
            wanted = ['1.3', '1.2', '1.0']
            while not self.client.can_send_version(wanted[0]):
                wanted.pop(0)
            cctxt = self.client.prepare(version=wanted[0])
            cctxt.cast(ctxt, 'store', wine=wine)
            """
        )

        self.assertEqual(
            [
                'cast store 1.3 wine',
                'cast store 1.2 (1.2) wine',
                'cast store 1.0 (1.0) wine',
            ],
            sends,
        )

    def test_first_of_several_that_can_be_sent(self) -> None:
        sends = self.told(
            """
            for version in ('1.2', '1.1'):
                if self.client.can_send_version(version):
                    break
            else:
                version = '1.0'
            self.client.prepare(version=version).cast(ctxt, 'store')
            """
        )

        self.assertEqual(
            [
                'cast store 1.2',
                'cast store 1.1 (1.1)',
                'cast store 1.0 (1.0)',
            ],
            sends,
        )

    def test_conditional_expression(self) -> None:
        sends = self.told(
            """
            new = self.client.can_send_version('1.1')
            version = '1.1' if new else '1.0'
            name = 'keep' if new else 'store'
            self.client.prepare(version=version).cast(ctxt, name, wine=wine)
            """
        )

        self.assertEqual(
            ['cast keep 1.1 wine', 'cast store 1.0 (1.0) wine'], sends
        )

    def test_condition_with_something_else(self) -> None:
        sends = self.told(
            """
            version = '1.0'
            kw = {}
            if note and self.client.can_send_version('1.1'):
                kw['note'] = note
                version = '1.1'
            self.client.prepare(version=version).cast(ctxt, 'store', **kw)
            """,
            'note=None',
        )

        self.assertEqual(
            ['cast store 1.1 note', 'cast store 1.0'], sorted(sends)[::-1]
        )

    def test_same_condition_twice_turns_out_the_same(self) -> None:
        sends = self.told(
            """
            kw = {}
            version = '1.0'
            if note:
                version = '1.1'
            if note:
                kw['note'] = note
            self.client.prepare(version=version).cast(ctxt, 'store', **kw)
            """,
            'note=None',
        )

        self.assertEqual(['cast store 1.1 note', 'cast store 1.0'], sends)

    def test_new_value_is_asked_again(self) -> None:
        sends = self.told(
            """
            kw = {}
            if note:
                kw['note'] = note
            note = better(note)
            if note:
                kw['better'] = note
            self.client.prepare(version='1.0').cast(ctxt, 'store', **kw)
            """,
            'note=None',
        )

        self.assertEqual(['cast store 1.0 note? better?'], sends)

    def test_no_cap_lets_it_pass(self) -> None:
        sends = self.told(
            """
            if self.client.can_send_version('1.1'):
                return
            self.client.prepare(version='1.2').cast(ctxt, 'store')
            """
        )

        self.assertEqual([], sends)


class DictionariesTest(TestCase):
    def test_steps(self) -> None:
        sends = self.told(
            """
            kw = dict(wine=wine, shelf=1)
            kw.update({'a': 1}, b=2)
            kw.setdefault('c', 3)
            other = {**kw, 'd': 4} | {'e': 5}
            del kw['wine']
            other.pop('a', None)
            self.client.prepare(version='1.0').cast(ctxt, 'store', **other)
            """
        )

        self.assertEqual(['cast store 1.0 wine shelf b c d e'], sends)

    def test_filtered(self) -> None:
        sends = self.told(
            """
            kw = {'wine': wine, 'note': None}
            kw = {k: v for k, v in kw.items() if v is not None}
            self.client.prepare(version='1.0').cast(ctxt, 'store', **kw)
            """
        )

        self.assertEqual(['cast store 1.0 wine? note?'], sends)

    def test_copied(self) -> None:
        sends = self.told(
            """
            kw = {'wine': wine}
            other = kw.copy()
            other['note'] = 'x'
            self.client.prepare(version='1.0').cast(ctxt, 'store', **kw)
            """
        )

        self.assertEqual(['cast store 1.0 wine'], sends)

    def test_key_that_nobody_can_tell(self) -> None:
        sends = self.told(
            """
            kw = {'wine': wine}
            kw[name] = 1
            self.client.prepare(version='1.0').cast(ctxt, 'store', **kw)
            """,
            'wine, name',
        )

        self.assertEqual(['cast store 1.0 wine **'], sends)

    def test_maybe_once_in_a_loop(self) -> None:
        sends = self.told(
            """
            kw = {'wine': wine}
            for each in notes:
                kw['note'] = each
            self.client.prepare(version='1.0').cast(ctxt, 'store', **kw)
            """,
            'wine, notes',
        )

        self.assertEqual(['cast store 1.0 wine note?'], sends)


class UnreadTest(TestCase):
    """What cannot be read is said, with its place."""

    def said(self, body: str, parameters: str = 'wine') -> list[str]:
        contract = self.read(body, parameters)
        said = [f'{where.line} {what}' for where, what, _ in contract.unread]
        said += [
            f'{send.where.line} {what}'
            for send in contract.sends
            for what in send.unread
        ]
        return said

    def test_version(self) -> None:
        self.assertEqual(
            ['4 the version: CONF.version'],
            self.said(
                """
                cctxt = self.client.prepare(version=CONF.version)
                cctxt.cast(ctxt, 'store', wine=wine)
                """
            ),
        )

    def test_method(self) -> None:
        self.assertEqual(
            ["4 the name of the method: 'store_' + shelf.kind"],
            self.said(
                """
                cctxt = self.client.prepare(version='1.0')
                cctxt.cast(ctxt, 'store_' + shelf.kind)
                """,
                'shelf',
            ),
        )

    def test_arguments(self) -> None:
        self.assertEqual(
            ['3 the arguments in **wine.as_dict()'],
            self.said(
                """
                self.client.cast(ctxt, 'store', **wine.as_dict())
                """
            ),
        )

    def test_method_that_only_a_caller_names(self) -> None:
        self.assertEqual(
            ['2 store sends what its caller names'],
            self.said(
                """
                self.client.cast(ctxt, method)
                """,
                'method',
            ),
        )

    def test_loop_without_an_end(self) -> None:
        self.assertEqual(
            ['3 the loop has no end after 32 rounds'],
            self.said(
                """
                while waiting():
                    wine = wine.older()
                self.client.cast(ctxt, 'store')
                """
            ),
        )

    def test_what_others_send_with(self) -> None:
        self.assertEqual(
            ["3 what pool.submit(self.client.cast, ctxt, 'store') sends"],
            self.said(
                """
                pool.submit(self.client.cast, ctxt, 'store')
                """
            )[:1],
        )

    def test_place_that_is_not_reached(self) -> None:
        self.assertEqual(
            ['4 self.client.cast, on no way through store'],
            self.said(
                """
                def later():
                    self.client.cast(ctxt, 'store')
                pool.submit(later)
                """
            ),
        )

    def test_base_class_of_another_project(self) -> None:
        contract = self.client('class API(elsewhere.Base):\n    pass\n')

        ((where, what, _symbol),) = contract.unread
        self.assertEqual('cellar.py:1', str(where))
        self.assertIn('elsewhere.Base', what)

    def test_what_looks_alike_is_no_message(self) -> None:
        self.assertEqual(
            [],
            self.told("subprocess.call(wine, 'store')", 'wine'),
        )


class ValuesTest(TestCase):
    """What JSON makes another thing of."""

    def changed(self, expression: str, parameters: str = 'a') -> str | None:
        contract = self.read(
            f"self.client.cast(ctxt, 'store', wine={expression})", parameters
        )
        return contract.sends[0].changed.get('wine')

    def test_literals(self) -> None:
        self.assertEqual('a tuple', self.changed('(a, 1)'))
        self.assertEqual('a set', self.changed('{a, 1}'))
        self.assertEqual('a set', self.changed('{x for x in a}'))
        self.assertEqual('bytes', self.changed("b'x'"))
        self.assertEqual(
            'a dictionary with keys that are no text', self.changed('{1: a}')
        )

    def test_calls(self) -> None:
        self.assertEqual('a set', self.changed('set(a)'))
        self.assertEqual('a tuple', self.changed('tuple(a)'))
        self.assertEqual('bytes', self.changed("a.encode('utf-8')"))
        self.assertEqual('a datetime', self.changed('timeutils.utcnow()'))

    def test_annotations(self) -> None:
        self.assertEqual('a set', self.changed('a', 'a: set[str]'))
        self.assertEqual(
            'a datetime', self.changed('a', 'a: datetime.datetime | None')
        )

    def test_what_is_kept(self) -> None:
        for expression in ('[a]', "{'x': a}", 'a', 'str(a)', 'list(a)', '1'):
            self.assertIsNone(self.changed(expression), expression)
