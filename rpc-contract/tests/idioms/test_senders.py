# SPDX-License-Identifier: Apache-2.0
"""Clients that send with an object of a class that a project names."""

from __future__ import annotations

from rpc_contract import idioms
from rpc_contract import reading
from tests import handwritten

_SOURCE = """
class Driver:
    def sync_call(self, ctx, method, target=None, **kwargs):
        return self._client.prepare(server=target).call(
            ctx, method, **kwargs)

    def async_call(self, ctx, method, target=None, **kwargs):
        return self._client.cast(ctx, method, **kwargs)

class Other:
    def sync_call(self, ctx, method):
        pass

class API:
    def __init__(self, conf):
        self._client = drivers.load(conf)

    def store(self, wine, wait):
        call = self._client.sync_call if wait else self._client.async_call
        return call(context(), 'store', target=wine.shelf, wine=wine)

    def count(self):
        return self._client.sync_call(context(), 'count')
"""


class SendersTest(handwritten.TestCase):
    def read(self, *senders: str) -> list[str]:
        self.tree.write('cellar.py', _SOURCE)
        tree = reading.Tree(self.tree.top)
        return handwritten.told(
            idioms.read_client(tree, 'cellar:API', 'cellar', senders)
        )

    def test_what_is_sent_with_them_is_read(self) -> None:
        self.assertEqual(
            {
                'call store None wine',
                'cast store None wine',
                'call count None',
            },
            set(self.read('cellar:Driver')),
        )

    def test_without_their_names_nothing_is_known(self) -> None:
        self.assertEqual([], self.read())

    def test_class_that_does_not_send_is_refused(self) -> None:
        error = self.assertRaises(
            reading.Unusable, self.read, 'cellar:Other'
        )

        self.assertIn('no method of it passes', str(error))
