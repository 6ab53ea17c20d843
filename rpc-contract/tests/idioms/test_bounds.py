# SPDX-License-Identifier: Apache-2.0
"""Reading ends, whatever there is to read."""

from __future__ import annotations

from rpc_contract.idioms import _expressions
from tests import handwritten

#: Each helper calls the next several times on each of its ways.
_MANY_WAYS = """
class API:
    def count(self, ctxt):
        self.client.prepare(version='1.0').cast(ctxt, 'count')

    def store(self, ctxt, wines):
        cctxt = self.client.prepare(version='1.0')
        self._sort(cctxt, wines)
        cctxt.cast(ctxt, 'store', wines=wines)

    def _sort(self, cctxt, wines):
        for wine in wines:
            if wine.red or wine.white or wine.old:
                self._rack(cctxt, [self._rack(wine, each) for each in wines])
                self._rack(self._rack(wines or wine, cctxt), wine and wines)
        return (wines and wines.all) or self._rack(wines, wines)

    def _rack(self, one, other):
        if one.x or other.x:
            self._shelf(self._shelf(one or other, one and other), other)
        return one or other or self._shelf(one, other)

    def _shelf(self, one, other):
        if one.x and other.y or one.z and other.w:
            return self._place(one or other, one and other)
        return (one.x or one.y) and (other.x or other.y)

    def _place(self, one, other):
        return (one.x or one.y) and (other.x or other.y) and one or other
"""


class BoundsTest(handwritten.TestCase):
    def test_method_with_too_many_ways_is_told(self) -> None:
        contract = self.client(_MANY_WAYS)

        self.assertIn('cast count 1.0', handwritten.told(contract))
        told = [text for _where, text, _symbol in contract.unread]
        (ways,) = [text for text in told if 'all ways through' in text]
        self.assertIn('all ways through store: it takes more than', ways)

    def test_bound_is_of_each_method(self) -> None:
        method = """
    def count_{0}(self, ctxt):
        for wine in ctxt.wines:
            self.client.prepare(version='1.0').cast(ctxt, 'count_{0}')
"""
        few = 200
        self.patch(_expressions, '_STEPS', few)
        every = ''.join(map(method.format, range(few)))

        contract = self.client(f'class API:{every}')

        self.assertEqual((), contract.unread)
        self.assertEqual(few, len(contract.sends))

    def test_constants_that_are_defined_by_each_other(self) -> None:
        contract = self.client("""
FIRST = SECOND
SECOND = FIRST

class API:
    def count(self, ctxt):
        self.client.prepare(version=FIRST).cast(ctxt, 'count')
""")

        self.assertEqual(['cast count None'], handwritten.told(contract))

    def test_expression_that_is_too_deep_is_told(self) -> None:
        name = ' + '.join(["'a'"] * 900)

        contract = self.client(f"""
class API:
    def count(self, ctxt):
        self.client.prepare(version='1.0').cast(ctxt, {name})
""")

        self.assertNotEqual((), contract.unread)
