# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.common import exception
from trove.objects.backup import strategies
from trove.tests.unit.objects import base


class StrategiesTest(base.TestCase):
    def save(self, instance_id='', container='box', project_id=base.ALICE):
        return strategies.save(
            project_id, instance_id, backend='swift', container=container
        )

    def test_that_of_an_instance_takes_precedence(self):
        self.save('', 'ours')
        self.save('i', 'special')
        self.save('', 'theirs', base.BOB)

        self.assertEqual('special', strategies.container(base.ALICE, 'i'))
        self.assertEqual('ours', strategies.container(base.ALICE, 'j'))
        self.assertIsNone(strategies.container('nobody', 'i'))

    def test_the_second_replaces_the_first(self):
        self.save('i', 'one')
        self.save('i', 'two')

        (found,) = strategies.list_(project_id=base.ALICE)
        self.assertEqual(('i', 'two'), (found.instance_id, found.container))

    def test_deleted(self):
        self.save('i')
        self.save('')

        strategies.delete(base.ALICE, 'i')

        (left,) = strategies.list_()
        self.assertEqual('', left.instance_id)
        self.assertRaises(
            exception.NotFound, strategies.delete, base.ALICE, 'i'
        )
