# SPDX-License-Identifier: Apache-2.0
"""Tests whose task managers are killed at each step of a job."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import functools
import sys
from typing import Any

import sqlalchemy as sa

from trove.db import models
from trove.taskmanager.workflows import base as workflows
from trove.taskmanager.workflows import runner
from trove.tests.fixtures import processes
from trove.tests.fixtures import waiting
from trove.tests.functional.deployed import test_faults

_ENDS = ('begun', 'done')


def steps(workflow: type[workflows.Workflow]) -> list[str]:
    """Return the names of the steps of a workflow."""
    made = workflow.__new__(workflow)
    return [step.name for step in made.steps()]


def points(names: Sequence[str]) -> list[str]:
    """Return where a task manager is killed in steps."""
    return [f'{name}: {end}' for name in names for end in _ENDS]


class MortalTestCase(test_faults.GuestTestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = self.deployment.directory
        self.points = directory / 'kills'
        #: Who is killed comes back when this file is gone.
        self.hold = directory / 'hold'
        for service in self.deployment.task_managers:
            service.stop()
            mortal = processes.Process(
                f'mortal {service.name}',
                [
                    *(sys.executable, '-m', 'trove.tests.fixtures.mortal'),
                    *(str(self.points), str(self.hold)),
                    *('--config-file', str(service.config)),
                ],
                directory / f'mortal-{service.name}.log',
            )
            self.useFixture(mortal)
            self.addCleanup(mortal.stop)
            mortal.start()
            waiting.until(
                functools.partial(mortal.logged, ' started.'),
                f'{mortal.name} has started',
            )

    @contextlib.contextmanager
    def killed_at(
        self, names: Sequence[str], spared: Sequence[str] = ()
    ) -> Iterator[None]:
        """Whoever does the work meanwhile is killed at each of these steps.

        :param spared: the other steps of the work
        """
        spare = points(spared)
        self.points.write_text(''.join(f'{each}\n' for each in spare))
        try:
            yield
            found = self.points.read_text().splitlines()
        finally:
            self.points.unlink()
        # Who had adopted the work before may come to its end only now.
        here = points(names)
        self.assertEqual(
            here, [each for each in found[len(spare) :] if each in here]
        )

    def kill_once(
        self,
        workflow: type[workflows.Workflow],
        name: str,
        order: Callable[[], object],
        meanwhile: Callable[[], object],
    ) -> None:
        """Have whoever begins a step killed, and nobody else.

        :param order: begins the work
        :param meanwhile: is called after that; the work goes on afterwards
        """
        point = f'{name}: begun'
        spared = [
            f'{before}{each}'
            for before in ('', runner.UNDOING)
            for each in points(steps(workflow))
        ]
        spared.remove(point)
        self.hold.touch()
        self.points.write_text(''.join(f'{each}\n' for each in spared))
        try:
            order()
            self.eventually(
                lambda: point in self.points.read_text().splitlines(),
                f'who begins "{name}" is killed',
            )
            meanwhile()
        finally:
            self.points.unlink()
            self.hold.unlink()

    def read(self, model: Any) -> list[Any]:
        engine = sa.create_engine(self.deployment.database.url)
        try:
            with engine.connect() as connection:
                return list(connection.execute(sa.select(model)))
        finally:
            engine.dispose()

    def worked_at(self, instance_id: str) -> bool:
        """Say whether somebody has work on an instance."""
        found = [row.instance_id for row in self.read(models.Workflow)]
        return instance_id in found

    def settles(self, instance_id: str, done: Callable[[Any], bool]) -> Any:
        """Wait until work is done, and see that the instance works."""
        shown = self.wait(
            instance_id,
            lambda i: i.status == 'ERROR' or done(i),
            'is done with it',
        )
        self.assertNotEqual('ERROR', shown.status, getattr(shown, 'fault', ''))
        return self.wait_active(instance_id)
