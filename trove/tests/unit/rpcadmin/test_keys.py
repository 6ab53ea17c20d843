# SPDX-License-Identifier: Apache-2.0
"""trove-rpc rotate-key."""

from __future__ import annotations

import fixtures
import sqlalchemy as sa

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.tests.unit.rpcadmin import base


class RotateTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.rotated = []
        self.silent = set()
        self.useFixture(
            fixtures.MockPatch('trove.peers.control_keys.rotate', self.rotate)
        )

    def rotate(self, transport, instance_id):
        if instance_id in self.silent:
            raise exception.PeerTimeout(
                peer=f'guest agent of instance {instance_id}',
                method='rotate_key',
                timeout=15,
            )
        self.rotated.append(instance_id)

    def instance(self, key='x'):
        made = self.ready()
        with session.writer() as db:
            db.execute(
                sa.update(models.Instance)
                .where(models.Instance.id == made.id)
                .values(encrypted_key=key)
            )
        return made.id

    def test_named_ones(self):
        first, second = self.instance(), self.instance()

        status = self.run_rpc('rotate-key', second, first, second)

        self.assertEqual(0, status, self.error)
        self.assertEqual([second, first], self.rotated)
        self.assertIn(f'[1/2] {second}: has a new key', self.out)

    def test_all_that_have_one(self):
        names = [self.instance() for _ in range(3)]
        self.instance(key=None)
        gone = self.instance()
        instances.mark_deleted(gone)

        self.assertEqual(0, self.run_rpc('rotate-key', '--all'), self.error)

        self.assertEqual(sorted(names), sorted(self.rotated))

    def test_one_that_is_silent_holds_up_no_other(self):
        names = [self.instance() for _ in range(3)]
        self.silent.add(names[1])

        self.assertEqual(1, self.run_rpc('rotate-key', *names))

        self.assertEqual([names[0], names[2]], self.rotated)
        self.assertIn('did not answer rotate_key', self.error)
        self.assertIn('1 of 3 failed', self.error)

    def test_nobody_has_a_key(self):
        self.assertEqual(0, self.run_rpc('rotate-key', '--all'))

        self.assertIn('No instance has a key', self.out)

    def test_neither_named_nor_all_is_status_2(self):
        self.assertEqual(2, self.run_rpc('rotate-key'))
        self.assertIn('--all', self.error)
