# SPDX-License-Identifier: Apache-2.0
"""Upgrades tried out in miniature, by oslo.messaging and threads."""

from __future__ import annotations

import dataclasses
import logging

import fixtures

from trove.rehearsal import carrier
from trove.rehearsal import roles
from trove.rehearsal import run
from trove.rehearsal import steps as plans
from trove.rehearsal import trial as trials
from trove.rehearsal import world as worlds
from trove.tests import base
from trove.tests.unit.rehearsal.deployments import deployment

SEED = 20261127


class RunTestCase(base.TestCase):
    measured = False

    def setUp(self):
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.told = []

    def rehearse(self, inventory, seed=SEED, walk=True, **settings):
        """Rehearse it.

        :param walk: follow the plan, too, and not only look at what is now
        """
        planner = plans.Planner(inventory, roles.of_release('latest'), {})
        plan = planner.plan(guided=True)
        if not walk:
            plan = dataclasses.replace(plan, steps=())
        return run.Rehearsal(
            self.conf,
            planner,
            plan,
            run.Settings(seed, **{'plans': 1, 'guests': 1, **settings}),
            lambda *told: self.told.append(told),
        ).run()


class RehearsalTest(RunTestCase):
    def test_all_comes_as_foretold(self):
        result = self.rehearse(
            deployment(guests=('stein', '2026.2'), task_managers=2),
            plans=2,
            guests=2,
        )

        self.assertEqual([()] * 7, [each.differs for each in result.walked])
        self.assertEqual([None] * 2, [each.broken for each in result.tried])
        self.assertTrue(result.passed)
        self.assertEqual(8, result.processes)
        for name, (called, there_are) in result.methods.items():
            self.assertEqual(there_are, called, name)

    def test_it_tells_how_far_it_is(self):
        self.rehearse(deployment(guests=('2026.2',)))

        self.assertEqual([0, 1, 2, 3, 4, 5, 6], [t[0] for t in self.told])
        self.assertEqual({6}, {total for _, total, _ in self.told})
        self.assertEqual('Step 1: c', self.told[1][2])

    def test_the_same_seed_does_the_same(self):
        def tried(seed):
            found = self.rehearse(
                deployment(guests=('2026.2',)),
                seed=seed,
                walk=False,
                plans=2,
            )
            return [each.steps for each in found.tried]

        first = tried(SEED)

        self.assertEqual(first, tried(SEED))
        self.assertNotEqual(first, tried(SEED + 1))
        self.assertNotEqual(first[0], first[1])

    def test_pins_are_in_force(self):
        result = self.rehearse(
            deployment(
                guests=('2026.2',),
                pins={'guestagent': '1.2', 'conductor': '1.0'},
            )
        )

        self.assertTrue(result.passed, result)
        self.assertGreater(result.walked[-1].refused, 0)

    def test_in_the_clear(self):
        result = self.rehearse(deployment(encrypted=False), plans=0)

        self.assertTrue(result.passed, result)

    def test_of_many_that_are_alike_there_are_few(self):
        result = self.rehearse(
            deployment(guests=('2026.2',), count=200, task_managers=5),
            guests=2,
            plans=0,
        )

        self.assertEqual(1 + 2 + 1 + 2, result.processes)
        self.assertTrue(result.passed, result)


class BrokenTest(RunTestCase):
    """What is wrong is found, and said so that it can be repeated."""

    def test_something_else_than_was_foretold(self):
        inventory = deployment(
            guests=('latest',), release='latest', pins={'guestagent': '1.3'}
        )
        # Those who run are not pinned, those who plan are.
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.rehearsal.world.Process.pin', lambda process: None
            )
        )

        result = self.rehearse(inventory, plans=0)

        self.assertFalse(result.passed)
        (walked,) = result.walked
        self.assertIn(
            't0 says get_diagnostics to of latest: same, not refused',
            walked.differs,
        )

    def test_a_message_that_is_lost(self):
        arrive = worlds.World.arrive

        def lose(world, process, context, method, arguments):
            if method != 'restart':
                arrive(world, process, context, method, arguments)

        self.useFixture(
            fixtures.MonkeyPatch('trove.rehearsal.world.World.arrive', lose)
        )

        result = self.rehearse(
            deployment(guests=('2026.2',)), walk=False, plans=4
        )

        self.assertFalse(result.passed)
        self.assertIn('it is lost', str(result.walked[0].differs))
        broken = [each for each in result.tried if each.broken]
        self.assertIn('restart', broken[0].broken + broken[0].steps[-1])

    def test_caps_that_do_not_settle(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.rehearsal.world.World.lowest',
                lambda world, asker, interface: '1.0',
            )
        )

        result = self.rehearse(
            deployment(guests=('2026.2',)), walk=False, plans=1
        )

        (tried,) = result.tried
        self.assertIn('right is 1.1', tried.broken)


class CarrierTest(base.TestCase):
    """What the broker within the process does as a real one does."""

    def setUp(self):
        super().setUp()
        self.network = carrier.MemoryNetwork(self.conf)
        self.addCleanup(self.network.close)
        self.world = worlds.World(self.network)
        self.world.guests['g'] = '1.5'
        self.trial = trials.Trial(self.world, trials.fit)

    def add(self, name, kind):
        return self.world.add(
            name, roles.part(kind, roles.of_release('latest'), None)
        )

    def order(self, kind, method):
        return next(o for o in trials.orders(kind) if o.what == method)

    def test_a_peer_that_never_was_cannot_be_reached(self):
        api = self.add('a', 'api')

        _, fate = self.trial.send(api, self.order('api', 'restart'), 'g')

        self.assertEqual('unreachable', fate)

    def test_a_cast_waits_for_who_is_down_and_a_call_does_not(self):
        api, guest = self.add('a', 'api'), self.add('g', 'guest')
        guest.stop()
        cast = next(
            o
            for o in trials.orders('api')
            if o.method.kind == 'cast' and o.interface == 'guestagent'
        )

        number, fate = self.trial.send(api, cast, 'g')
        _, called = self.trial.send(
            api, self.order('api', 'get_diagnostics'), 'g'
        )

        self.assertEqual(('sent', 'unreachable'), (fate, called))
        self.assertEqual({number}, self.network.waiting())
        guest.start()
        self.network.settle()
        self.assertIn(number, self.world.arrived)
        self.assertEqual(set(), self.network.waiting())

    def test_servers_of_one_topic_take_turns(self):
        api = self.add('a', 'api')
        for name in 't1', 't2':
            self.add(name, 'taskmanager')
        order = next(
            o
            for o in trials.orders('api')
            if o.interface == 'taskmanager' and o.what == 'restart'
        )

        took = []
        for _ in range(4):
            number, _ = self.trial.send(api, order, None)
            took += [a.process for a in self.world.arrived[number]]

        self.assertEqual(took[:2] * 2, took)
        self.assertEqual({'t1', 't2'}, set(took))

    def test_two_networks_have_nothing_to_do_with_each_other(self):
        other = worlds.World(carrier.MemoryNetwork(self.conf))
        self.addCleanup(other.network.close)
        guest = roles.part('guest', roles.of_release('latest'), None)
        other.add('g', guest)
        api = self.add('a', 'api')

        _, fate = self.trial.send(
            api, self.order('api', 'get_diagnostics'), 'g'
        )

        self.assertEqual('unreachable', fate)
