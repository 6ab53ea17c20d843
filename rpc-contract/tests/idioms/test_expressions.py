# SPDX-License-Identifier: Apache-2.0
"""Messages that are sent inside of expressions."""

from __future__ import annotations

from rpc_contract import model
from tests import handwritten

_CLIENT = """
class API:
    def __init__(self):
        target = messaging.Target(topic='cellar', version='1.0')
        self.client = rpc.get_client(target)

    def store(self, ctxt, wines):
        cctxt = self.client.prepare(version='1.1')
        {}
"""


class ExpressionsTest(handwritten.TestCase):
    def read(self, line: str) -> model.Contract:
        return self.client(_CLIENT.format(line))

    def test_comprehensions_and_generators_are_read(self) -> None:
        send = "cctxt.cast(ctxt, 'store', wine=w)"
        for line in (
            f'[{send} for w in wines]',
            f'{{{send} for w in wines if w}}',
            f'list({send} for w in wines)',
            f'return all({send} for rack in wines for w in rack if w.old)',
            f"[{send} for w in ('red', 'white')]",
            f'return [x for w in wines if (x := {send})]',
        ):
            with self.subTest(line):
                contract = self.read(line)

                self.assertEqual(
                    ['cast store 1.1 wine'], handwritten.told(contract)
                )
                self.assertEqual((), contract.unread)

    def test_method_named_in_a_comprehension(self) -> None:
        contract = self.read(
            "[cctxt.cast(ctxt, name) for name in ('air', 'lock')]"
        )

        self.assertEqual(
            ['cast air 1.1', 'cast lock 1.1'], handwritten.told(contract)
        )

    def test_lambda_that_is_called_is_read(self) -> None:
        contract = self.read(
            "send = lambda wine: cctxt.cast(ctxt, 'store', wine=wine)\n"
            '        send(wines)'
        )

        self.assertEqual(['cast store 1.1 wine'], handwritten.told(contract))
        self.assertEqual((), contract.unread)

    def test_what_others_call_is_told(self) -> None:
        for line in (
            "pool.submit(lambda: cctxt.cast(ctxt, 'store'))",
            "return {w: cctxt.call(ctxt, 'count', w=w) for w in wines}",
        ):
            with self.subTest(line):
                contract = self.read(line)

                ((_where, text, _symbol),) = contract.unread
                self.assertIn('on no way through store', text)

    def test_properties_are_told(self) -> None:
        contract = self.read(
            """return cctxt.call(ctxt, 'store')

    @property
    def count(self):
        return self.client.call({}, 'count')

    @functools.cached_property
    def size(self):
        return self.client.call({}, 'size')

    @property
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        self.client.cast({}, 'rename', name=value)
"""
        )

        self.assertEqual(['call store 1.1'], handwritten.told(contract))
        told = [text for _where, text, _symbol in contract.unread]
        for name in ('count', 'size', 'name'):
            self.assertTrue(any(text.endswith(name) for text in told), told)
