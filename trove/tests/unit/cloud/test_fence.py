# SPDX-License-Identifier: Apache-2.0
"""A fence around a cloud whose driver makes no checks."""

from __future__ import annotations

from trove.cloud import fence
from trove.cloud import noop
from trove.common import context as trove_context
from trove.tests import base


class LostError(Exception):
    """The work is somebody else's."""


class FenceTest(base.TestCase):
    context = trove_context.make_admin_context()

    def setUp(self):
        super().setUp()
        self.cloud = noop.NoopCloud(self.conf)

    def check(self):
        raise LostError

    def test_nothing_is_changed_after_the_work_is_lost(self):
        fenced = self.cloud.fenced(self.check)

        for change in (
            lambda: fenced.volumes.create(self.context, 'i1', 1),
            lambda: fenced.compute.delete_server(self.context, 'i1'),
            lambda: fenced.network.release(self.context, 'i1'),
        ):
            self.assertRaises(LostError, change)
        self.assertEqual([], self.cloud.calls)

    def test_looks_are_free(self):
        part = fence.Part(self.cloud.compute, self.check)

        self.assertIsNone(part.get_server(self.context, 'i1'))

    def test_what_the_cloud_says_of_itself_stays(self):
        self.cloud.ignores = frozenset({'is_public'})

        fenced = self.cloud.fenced(lambda: None)

        self.assertEqual(self.cloud.ignores, fenced.ignores)
        fenced.volumes.create(self.context, 'i1', 1)
        self.assertEqual({'i1': 1}, self.cloud.volume_sizes)
