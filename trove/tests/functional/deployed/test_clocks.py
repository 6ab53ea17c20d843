# SPDX-License-Identifier: Apache-2.0
"""Clocks are set by an hour, each alone, while all of it runs."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from trove.db import models
from trove.tests.fixtures import clocks
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import test_faults

HOUR = 3600

#: MariaDB tells whole seconds.
_TOLD = r'The clock of %s was set %s by (?:3599|360[01]) seconds\.'

#: Lines of a log that an operator looks at.
_COMPLAINT = re.compile(r'.* (?:WARNING|ERROR|CRITICAL) .*|Traceback .*')


class ClockTestCase(test_faults.GuestTestCase):
    def given_clock(self, name: str) -> clocks.Clock:
        directory = self.deployment.directory
        return self.useFixture(clocks.Clock(directory, name))

    def given_clock_of_service(self, service: processes.Service) -> None:
        self.clock = self.given_clock(service.name)
        self.addCleanup(service.restart)
        self.addCleanup(setattr, service, 'env', service.env)
        service.env = {**service.env, **self.clock.environment}
        service.restart()

    def begin(self) -> None:
        """From here on logs are looked at."""
        self._before = {path: path.stat().st_size for path in self._logs()}
        engine = sa.create_engine(self.deployment.database.url)
        self.addCleanup(engine.dispose)
        self._engine = engine

    def complaints(self) -> list[str]:
        """Lines of all logs that tell of something that is not well."""
        return [
            line
            for path in self._logs()
            for line in processes.tail(
                path, self._before.get(path, 0), 10_000_000
            ).splitlines()
            if _COMPLAINT.fullmatch(line)
        ]

    def sent(self, instance_id: str) -> float:
        """The time of the newest heartbeat that was taken in."""
        row = models.ConductorLastSeen
        with self._engine.connect() as connection:
            found = connection.scalar(
                sa.select(row.sent).where(
                    row.instance_id == instance_id,
                    row.method_name == 'heartbeat',
                )
            )
        return float(found or 0)

    def stays_healthy(self, instance_id: str) -> None:
        """See the guest heard twice more, and nothing else meanwhile."""
        for _ in range(2):
            newest = self.sent(instance_id)

            def heard(newest: float = newest) -> bool:
                shown = self.member.instances.get(instance_id)
                self.assertEqual(
                    ('ACTIVE', 'HEALTHY'),
                    (shown.status, shown.operating_status),
                )
                return self.sent(instance_id) > newest

            self.eventually(heard, 'a newer heartbeat is taken in')

    def when_set(
        self, instance: Any, seconds: int, whose: str = 'this machine'
    ) -> None:
        """Set the clock, and see that all goes on."""
        step = seconds - self.clock.ahead
        self.clock.set(seconds)

        self.stays_healthy(instance.id)
        self.member.instances.restart(instance.id)
        self.wait_active(instance.id)
        self.member.databases.list(instance.id)
        told = _TOLD % (whose, 'forward' if step > 0 else 'back')
        self.expected.append(told)
        self.eventually(
            lambda: (
                len([e for e in self.complaints() if re.search(told, e)])
                >= self.expected.count(told)
            ),
            'the step is told',
        )

    def then_each_was_told_once(self) -> None:
        """And nothing else was complained about."""
        found = self.complaints()
        for told in self.expected:
            self.assertTrue(any(re.search(told, each) for each in found))
        self.assertEqual(len(self.expected), len(found), '\n'.join(found))

    def setUp(self) -> None:
        super().setUp()
        self.expected: list[str] = []


class ClockTest(ClockTestCase):
    def test_of_a_guest(self) -> None:
        self.clock = self.given_clock('guest')
        self.deployment.set_environment(self.clock.environment)
        self.addCleanup(self.deployment.set_environment, {})
        instance = self.create_active('clock')
        self.begin()

        self.when_set(instance, HOUR)
        self.deployment.rpc('rotate-key', instance.id)
        self.when_set(instance, 0)
        self.when_set(instance, -HOUR)
        self.then_each_was_told_once()

        # Its next process begins with a clock that is behind.
        newest = self.sent(instance.id)
        agent = self.agent(instance.id)
        agent.kill()
        self.eventually(
            lambda: self.agent(instance.id).pid != agent.pid
            and self.sent(instance.id) > newest,
            'a new agent is heard',
        )
        self.stays_healthy(instance.id)

    def all_goes_on(self, instance: Any, whose: str = 'this machine') -> None:
        self.begin()

        self.when_set(instance, HOUR, whose)
        self.create_active('ahead')
        self.when_set(instance, 0, whose)

        self.then_each_was_told_once()

    def test_of_a_conductor(self) -> None:
        self.given_clock_of_service(self.deployment.conductor)
        self.all_goes_on(self.instance())

    def test_of_a_task_manager(self) -> None:
        first, second = self.deployment.task_managers
        second.stop()
        self.given_clock_of_service(first)
        self.all_goes_on(self.instance())

    def test_of_the_database(self) -> None:
        _, second = self.deployment.task_managers
        second.stop()
        self.clock = self.given_clock('database')
        server = self.deployment.database.server
        instance = self.instance()
        self.addCleanup(server.start)
        self.addCleanup(server.stop)
        self.addCleanup(setattr, server, 'environment', server.environment)
        server.stop()
        server.environment = self.clock.environment
        server.start()
        self.wait_active(instance.id)

        self.all_goes_on(instance, 'the database')
