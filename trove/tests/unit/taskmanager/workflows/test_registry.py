# SPDX-License-Identifier: Apache-2.0
"""Each job is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import importlib
import inspect
import pathlib
import pkgutil
import re

from trove.db import models
from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager import api
from trove.taskmanager import manager
from trove.taskmanager import unsupported
from trove.taskmanager import workflows
from trove.taskmanager.workflows import base as workflow_base
from trove.taskmanager.workflows import runner
from trove.tests import base


def written() -> Iterator[type[workflow_base.Workflow]]:
    """Yield every workflow of the package that has a name."""
    for module in pkgutil.iter_modules(workflows.__path__):
        name = f'{workflows.__name__}.{module.name}'
        for found in vars(importlib.import_module(name)).values():
            if (
                inspect.isclass(found)
                and issubclass(found, workflow_base.Workflow)
                and not inspect.isabstract(found)
                and found.__module__ == name
            ):
                yield found


def jobs() -> set[str]:
    """Return what the interface has a task manager do."""
    methods = api.API.interface.methods
    return {name for name in methods if methods[name].kind == 'cast'}


class RegistryTest(base.TestCase):
    def assert_none(self, missing: set[str], remedy: str) -> None:
        """Assert that nothing is missing.

        :param remedy: with ``{}`` where the names go
        """
        names = ', '.join(sorted(missing))
        self.assertEqual(set(), missing, remedy.format(names))

    def test_each_workflow_is_in_the_table(self) -> None:
        there = {*workflows.WORKFLOWS.values(), *workflows.BACKUPS.values()}
        self.assert_none(
            {each.__qualname__ for each in set(written()) - there},
            'Add {} to WORKFLOWS in trove/taskmanager/workflows/__init__.py.',
        )

    def test_each_has_the_task_of_an_instance(self) -> None:
        carried_out = set(workflows.WORKFLOWS)
        tasks = set(instance_workflows.TASKS)
        self.assert_none(
            carried_out - tasks,
            'Add {} to TASKS in trove/objects/instance/workflows.py.',
        )
        self.assert_none(
            tasks - carried_out,
            'Remove {} from TASKS in trove/objects/instance/workflows.py, or '
            'add its workflow to WORKFLOWS in trove/taskmanager/workflows/'
            '__init__.py.',
        )

    def test_each_job_is_carried_out_or_refused(self) -> None:
        done = {*workflows.WORKFLOWS, *workflows.OTHERS}
        refused = set(unsupported.JOBS)
        self.assert_none(
            done & refused,
            'Remove {} from JOBS in trove/taskmanager/unsupported.py.',
        )
        self.assert_none(
            jobs() - done - refused,
            'Add {} to WORKFLOWS or OTHERS in '
            'trove/taskmanager/workflows/__init__.py, or to JOBS in '
            'trove/taskmanager/unsupported.py.',
        )

    def test_each_is_declared(self) -> None:
        self.assert_none(
            {*workflows.WORKFLOWS, *workflows.OTHERS, *unsupported.JOBS}
            - jobs(),
            'Add {} to API in trove/taskmanager/api.py, as a cast.',
        )

    def test_each_is_served(self) -> None:
        self.assert_none(
            {name for name in jobs() if not hasattr(manager.Manager, name)},
            'Add {} to Manager in trove/taskmanager/manager.py.',
        )

    def test_each_is_run_by_its_own_method(self) -> None:
        others = {
            name
            for name in workflows.WORKFLOWS
            if hasattr(manager.Manager, name)
            and f"self._run('{name}',"
            not in ''.join(
                inspect.getsource(getattr(manager.Manager, name)).split()
            )
        }
        self.assert_none(
            others,
            "Let {0} of Manager in trove/taskmanager/manager.py end with "
            "self._run('{0}', context, instance_id).",
        )

    def test_names_fit_into_the_row(self) -> None:
        columns = models.Workflow.__table__.c
        for name, workflow in workflows.WORKFLOWS.items():
            where = f'{workflow.__module__.replace(".", "/")}.py'
            self.assertLessEqual(
                len(name),
                columns.action.type.length,
                f'Shorten the action {name} in {where}.',
            )
            # No step asks for anything before it is done.
            steps = workflow.__new__(workflow).steps()
            names = [step.name for step in steps]
            longest = columns.step.type.impl.length - len(runner.UNDOING)
            for step in names:
                self.assertLessEqual(
                    len(step),
                    longest,
                    f'Shorten the step "{step}" of {name} in {where} to '
                    f'{longest} characters: who takes it over looks for it.',
                )
                self.assertEqual(
                    1,
                    names.count(step),
                    f'Rename one of the steps "{step}" of {name} in {where}.',
                )

    def test_each_is_tested(self) -> None:
        tests = pathlib.Path(__file__).parent
        text = '\n'.join(path.read_text() for path in tests.glob('test_*.py'))
        called = set(re.findall(r'\bmanager\.(\w+)\(', text))
        # By what all of them share: scene.TestCase.when_created().
        called.add('create_instance')

        self.assert_none(
            set(workflows.WORKFLOWS) - called,
            'Test {} in trove/tests/unit/taskmanager/workflows/, by the '
            'method of self.manager.',
        )
