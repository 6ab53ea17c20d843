# SPDX-License-Identifier: Apache-2.0
"""Each job is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import importlib
import inspect
import pathlib
import pkgutil
import re

from trove.objects.instance import workflows as instance_workflows
from trove.taskmanager import api
from trove.taskmanager import manager
from trove.taskmanager import unsupported
from trove.taskmanager import workflows
from trove.taskmanager.workflows import base as workflow_base
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
        there = set(workflows.WORKFLOWS.values())
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
        done, refused = set(workflows.WORKFLOWS), set(unsupported.JOBS)
        self.assert_none(
            done & refused,
            'Remove {} from JOBS in trove/taskmanager/unsupported.py.',
        )
        self.assert_none(
            jobs() - done - refused,
            'Add {} to WORKFLOWS in trove/taskmanager/workflows/__init__.py, '
            'or to JOBS in trove/taskmanager/unsupported.py.',
        )

    def test_each_is_declared(self) -> None:
        self.assert_none(
            {*workflows.WORKFLOWS, *unsupported.JOBS} - jobs(),
            'Add {} to API in trove/taskmanager/api.py, as a cast.',
        )

    def test_each_is_served(self) -> None:
        self.assert_none(
            {name for name in jobs() if not hasattr(manager.Manager, name)},
            'Add {} to Manager in trove/taskmanager/manager.py.',
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
