# SPDX-License-Identifier: Apache-2.0
"""Orders to reapply modules: one for each, claimed by one task manager."""

from __future__ import annotations

import dataclasses

from trove.common import exception
from trove.objects import reapplied
from trove.tests.unit.objects import base

ORDER = reapplied.Order(
    module_id='m',
    ordered_by=base.ALICE,
    tenant_id=base.ALICE,
    md5=None,
    include_clustered=False,
    batch_size=10,
    batch_delay=2,
    force=False,
)


def order(**changes: object) -> reapplied.Order:
    return dataclasses.replace(ORDER, **changes)


class ReappliedTest(base.TestCase):
    def test_one_task_manager_gets_it(self) -> None:
        reapplied.begin(ORDER)
        self.assertEqual(['m'], reapplied.due(9))

        got = base.at_once(
            *[lambda: reapplied.claim('m', 60) for _ in range(4)]
        )

        self.assertEqual(3, got.count(None), got)
        self.assertEqual([], reapplied.due(9))

    def test_it_goes_on_where_it_was(self) -> None:
        reapplied.begin(ORDER)
        claimed = reapplied.claim('m', 60)
        done = reapplied.proceed(claimed, 'i1', False)
        # A task manager repeats what the API has written down.
        reapplied.begin(ORDER)
        reapplied.rest(done, 0)

        again = reapplied.claim('m', 60)

        self.assertEqual('i1', again.after)
        self.assertEqual((1, 1), (again.tried, again.failed))
        reapplied.end(again)
        self.assertIsNone(reapplied.claim('m', 60))

    def test_a_new_order_replaces_the_former(self) -> None:
        reapplied.begin(ORDER)
        claimed = reapplied.claim('m', 60)

        reapplied.begin(order(force=True))

        self.assertIsNone(reapplied.proceed(claimed, 'i1', True))
        reapplied.end(claimed)
        found = reapplied.claim('m', 60)
        self.assertEqual((True, ''), (found.force, found.after))

    def test_the_same_begins_anew_when_a_user_asks_again(self) -> None:
        reapplied.begin(ORDER, anew=True)
        claimed = reapplied.proceed(reapplied.claim('m', 60), 'i1', True)

        reapplied.begin(ORDER, anew=True)

        self.assertIsNone(reapplied.proceed(claimed, 'i2', True))
        found = reapplied.claim('m', 60)
        self.assertEqual(('', 0), (found.after, found.tried))

    def test_a_project_has_five_at_once(self) -> None:
        got = base.at_once(
            *[
                lambda number=number: reapplied.begin(
                    order(module_id=f'm{number}')
                )
                for number in range(7)
            ]
        )

        refused = [
            each for each in got if isinstance(each, exception.QuotaExceeded)
        ]
        self.assertEqual((2, 5), (len(refused), got.count(None)), got)
        # Another one of a module that has one, and those of others
        known = reapplied.due(9)[0]
        reapplied.begin(order(module_id=known, force=True))
        reapplied.begin(order(module_id='other', ordered_by=base.BOB))
