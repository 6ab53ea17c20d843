# SPDX-License-Identifier: Apache-2.0
"""The order of an upgrade, and what each of its steps costs."""

from __future__ import annotations

import dataclasses
import itertools

from trove.peers import versions
from trove.rehearsal import inventory as inventories
from trove.rehearsal import order
from trove.rehearsal import roles
from trove.rehearsal import steps as plans
from trove.tests import base
from trove.tests.unit.rehearsal.deployments import deployment


def planner(inventory, target='latest', passed_over=None, **options):
    return plans.Planner(
        inventory, roles.of_release(target), passed_over or {}, **options
    )


def names(plan):
    return [step.member.name for step in plan.steps]


def found(findings, outcome='refused'):
    """What has an outcome, by who says it to whom."""
    result = {}
    for each in findings:
        if each.outcome == outcome:
            key = each.sender, each.concerns or each.receiver
            result.setdefault(key, set()).add(each.what)
    return result


class OrderTest(base.TestCase):
    def test_the_order_of_the_guide(self):
        plan = planner(deployment()).plan(guided=True)

        self.assertEqual(
            ['c', 't0', 'a', 'of pike', 'of 2026.2'], names(plan)
        )
        self.assertEqual(plan.guided, plan.cost)

    def test_no_order_refuses_less_than_the_one_proposed(self):
        inventory = deployment(guests=('pike', '2026.2'))
        plan = planner(inventory).plan()
        judge = planner(inventory)

        def cost(order):
            refused = 0
            for place in range(1, len(order) + 1):
                state = judge.state(order[:place])
                refused += sum(
                    each.instances
                    for each in judge.findings(state)
                    if each.outcome != 'left out'
                )
            return refused

        all_orders = itertools.permutations(names(plan))
        self.assertEqual(min(map(cost, all_orders)), cost(names(plan)))
        self.assertEqual(plan.cost.refused, cost(names(plan)))
        self.assertLess(plan.cost, plan.guided)

    def test_of_orders_that_cost_the_same_it_is_the_guides(self):
        plan = planner(deployment(guests=())).plan()

        self.assertEqual(['c', 't0', 'a'], names(plan))
        self.assertTrue(plan.clean)

    def test_each_service_is_a_step(self):
        plan = planner(deployment(guests=(), task_managers=3)).plan()

        self.assertEqual(['c', 't0', 't1', 't2', 'a'], names(plan))

    def test_who_is_of_the_target_is_no_step(self):
        plan = planner(deployment(release='latest')).plan()

        self.assertEqual({'of pike', 'of 2026.2'}, set(names(plan)))

    def test_guests_that_stay(self):
        plan = planner(deployment(), guests_stay=True).plan()

        self.assertEqual(['c', 't0', 'a'], names(plan))
        self.assertFalse(plan.clean)

    def test_many_revisions_are_still_put_in_order(self):
        releases = list(versions.INTERFACES['guestagent'].aliases)
        inventory = deployment(
            guests=('pike', 'stein', 'victoria', 'wallaby', '2025.1', '2026.2')
        )

        self.assertGreater(len(releases), 20)
        self.assertEqual(9, len(planner(inventory).plan().steps))


class FindingsTest(base.TestCase):
    def test_what_old_guests_are_refused_when_the_api_is_new(self):
        plan = planner(deployment()).plan(guided=True)

        api = plan.steps[2]

        refused = found(api.findings)
        self.assertIn('get_diagnostics', refused['api', 'of 2026.2'])
        self.assertIn('rotate_key', refused['api', 'of 2026.2'])
        self.assertIn('restart(reason)', found(api.findings, 'left out')[
            'api', 'of 2026.2'
        ])
        (one,) = {
            each.instances for each in api.findings if each.sender == 'api'
        }
        self.assertEqual(3, one)
        self.assertFalse(any(each.before for each in api.findings))

    def test_what_some_revisions_require_is_left_out_of_the_others(self):
        # Guests of 2026.2 refuse to do without it, older ones do not know it.
        plan = planner(deployment()).plan()

        self.assertEqual(
            {'prepare(ds_version)', 'start_db_with_conf_changes(ds_version)'},
            found(plan.now, 'left out')['api', 'of pike'],
        )

    def test_what_no_datastore_supports_is_passed_over(self):
        inventory = deployment()
        everything = planner(inventory).plan(guided=True)
        less = planner(
            inventory, passed_over={'guestagent': ['get_diagnostics']}
        ).plan(guided=True)

        def refused(plan):
            return set().union(*found(plan.steps[2].findings).values())

        self.assertEqual(
            {'get_diagnostics'}, refused(everything) - refused(less)
        )

    def test_new_guests_are_refused_what_old_conductors_do_not_know(self):
        inventory = deployment(guests=('2026.2',))
        judge = planner(inventory)

        refused = found(judge.findings(judge.state(['of 2026.2'])))

        self.assertEqual(
            {('guest', 'of 2026.2'): {'get_versions', 'report_rejected'}},
            refused,
        )

    def test_a_pin_holds_back_after_the_upgrade(self):
        plan = planner(
            deployment(guests=('2026.2',), pins={'guestagent': '1.3'})
        ).plan()

        last = plan.steps[-1]

        self.assertIn(
            'get_diagnostics', found(last.findings)['api', 'of 2026.2']
        )
        self.assertIn(
            '[upgrade_levels] guestagent', last.findings[0].remedy
        )

    def test_back_to_an_older_release_takes_away_what_there_was(self):
        plan = planner(
            deployment(release='latest', guests=('latest',)), '2026.2'
        ).plan()

        # In the order of the guide senders would say what is refused.
        self.assertEqual(4, len(plan.steps))
        self.assertLess(plan.cost.lost, plan.guided.lost)


class RollbackTest(base.TestCase):
    def rollbacks(self, inventory, **options):
        plan = planner(inventory).plan(guided=True, **options)
        return {
            step.member.name: (step.rollback, dict(step.pins))
            for step in plan.steps
        }

    def test_before_anybody_says_anything_new_it_is_harmless(self):
        found = self.rollbacks(deployment())

        self.assertEqual(('yes', {}), found['a'])
        # The API, which is still old, says nothing new to it.
        self.assertEqual(('yes', {}), found['t0'])

    def test_a_released_guest_would_lose_what_it_is_sent(self):
        found = self.rollbacks(deployment())

        self.assertEqual(
            ('pin first', {'guestagent': '1.3'}), found['of 2026.2']
        )

    def test_a_guest_of_ours_writes_down_what_it_is_sent(self):
        guests = [
            {
                'name': 'ours',
                'revisions': {'guestagent': '1.3'},
                'announces': True,
            }
        ]
        inventory = deployment(guests=())
        document = {**inventories.dump(inventory), 'guests': guests}
        inventory = inventories.parse(document)

        self.assertEqual(
            ('recorded', {}), self.rollbacks(inventory)['ours']
        )

    def test_what_is_under_way_to_who_is_rolled_back_is_rejected(self):
        plan = planner(
            deployment(release='latest', guests=('latest',)), '2026.2'
        ).plan(guided=True)

        conductor = plan.steps[0]

        under_way = found(conductor.under_way, 'rejected')
        self.assertIn('heartbeat', under_way['guest', 'of latest'])
        self.assertFalse(plan.clean)


class BoundsTest(base.TestCase):
    def test_states_that_are_looked_at_do_not_double_with_each_revision(self):
        """All services of a kind, and all guests, go in one block each."""
        revisions = ('pike', 'stein', 'train', 'victoria', '2026.2')
        members = [
            member
            for release in revisions
            for member in deployment(release, revisions).members
        ]
        inventory = inventories.Inventory(
            tuple(
                dataclasses.replace(member, name=f'{number}')
                for number, member in enumerate(members)
            )
        )
        looked_at = []
        search = order.Search(
            inventory.members,
            lambda names: looked_at.append(names) or order.Cost(),
        )

        best = search.best()

        self.assertEqual(40, len(best.members))
        self.assertLess(len(looked_at), 300)
