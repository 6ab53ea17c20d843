# SPDX-License-Identifier: Apache-2.0
"""Ages are told rightly while the clock of the database is set."""

import datetime

import fixtures
import sqlalchemy as sa

from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import service as services
from trove.objects.guest import fleet
from trove.objects.guest import guest_versions
from trove.objects.guest import heartbeats
from trove.tests.unit.objects import base

HOUR = 3600.0


class World:
    """A clock, what was written by it, and who reads it."""

    def __init__(self):
        self.passed = 100.0
        self.ahead = datetime.datetime(2027, 3, 1)
        self.steps = clock.Steps(lambda: self.passed)

    @property
    def now(self):
        return self.ahead + datetime.timedelta(seconds=self.passed)

    def set(self, seconds):
        self.ahead += datetime.timedelta(seconds=seconds)

    def age(self, then):
        now = self.now
        self.steps.saw(now)
        return self.steps.age(now, then)


class StepsTest(base.TestCase):
    def test_ages_go_on_whatever_it_is_set_to(self):
        for steps in (
            (HOUR,),
            (-HOUR,),
            (HOUR, -HOUR),
            (-HOUR, HOUR),
            (HOUR, HOUR, -3 * HOUR, 20.0),
        ):
            world = World()
            world.age(world.now)
            written = []
            for step in steps:
                for _ in range(3):
                    world.passed += 7
                    written.append((world.passed, world.now))
                    world.age(world.now)
                world.passed += 3
                world.set(step)
                # It is noticed at the first look after that, not at once.
                world.passed += 1
                self.assertEqual(
                    [world.passed - passed for passed, _ in written],
                    [world.age(then) for _, then in written],
                    steps,
                )
            written.append((world.passed, world.now))
            world.passed += 40
            self.assertEqual(
                [world.passed - passed for passed, _ in written],
                [world.age(then) for _, then in written],
                steps,
            )

    def test_what_was_written_before_anybody_noticed(self):
        for step in HOUR, -HOUR:
            world = World()
            world.age(world.now)
            world.set(step)
            then = world.now
            world.passed += 9

            self.assertEqual(9, world.age(then))

    def test_who_has_just_begun_goes_by_what_is_there(self):
        world = World()
        then = world.now
        world.set(HOUR)

        self.assertEqual(HOUR, world.age(then))

    def test_small_differences_are_none(self):
        world = World()
        then = world.now
        world.age(then)
        world.set(9)

        self.assertEqual(9, world.age(then))

    def test_it_may_be_set_for_ever(self):
        world = World()
        for _ in range(1000):
            world.set(HOUR)
            world.passed += 10
            world.age(world.now)
        then = world.now
        world.passed += 10
        world.set(HOUR)

        self.assertEqual(10, world.age(then))


class ReadTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.passed = 10_000.0
        steps = clock.Steps(lambda: self.passed)
        self.useFixture(fixtures.MockPatchObject(clock, '_steps', steps))

    def when_the_clock_is_set(self, seconds):
        """Have all been written by the clock before."""
        self.passed -= seconds
        step = datetime.timedelta(seconds=seconds)
        with session.writer() as db:
            for model, column in (
                (models.AgentHeartbeat, 'updated_at'),
                (models.ServiceStatus, 'updated_at'),
                (models.Service, 'last_report'),
            ):
                for row in db.scalars(sa.select(model)):
                    setattr(row, column, getattr(row, column) - step)

    def test_nobody_is_silent_because_it_was_set(self):
        made = self.ready()
        services.report('trove-conductor', 'one', {}, None)
        for seconds in HOUR, -HOUR, -HOUR, HOUR:
            clock.read()
            self.when_the_clock_is_set(seconds)

            self.assertIsNone(self.get(made.id).judged(90).silent_for)
            self.assertFalse(fleet.guest(self.conf, made.id).silent)
            self.assertLess(
                abs(guest_versions.guest_spoken(made.id).silent), 90
            )
            self.assertLess(abs(heartbeats.heartbeat(made.id).silent), 60)
            self.assertEqual(
                ['one'], [each.host for each in services.live(self.conf)]
            )
