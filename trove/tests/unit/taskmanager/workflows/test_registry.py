# SPDX-License-Identifier: Apache-2.0
"""Each job is declared wherever it must be, or it is told where."""

from __future__ import annotations

from collections.abc import Iterator
import importlib
import inspect
import pkgutil

from trove.objects import workflow
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


class RegistryTest(base.TestCase):
    def test_each_workflow_is_in_the_table(self) -> None:
        missing = set(written()) - set(workflows.WORKFLOWS.values())

        self.assertEqual(
            set(),
            missing,
            'Add them to WORKFLOWS in taskmanager/workflows/__init__.py.',
        )

    def test_each_has_the_task_of_an_instance(self) -> None:
        self.assertEqual(
            set(workflows.WORKFLOWS),
            set(workflow.TASKS),
            'Mend TASKS in trove/objects/workflow.py.',
        )

    def test_each_job_is_carried_out_or_refused(self) -> None:
        done, refused = set(workflows.WORKFLOWS), set(unsupported.JOBS)
        jobs = {
            name
            for name, method in api.API.interface.methods.items()
            if method.kind == 'cast'
        }

        self.assertEqual(
            set(), done & refused, 'Remove them from JOBS in unsupported.py.'
        )
        self.assertEqual(
            jobs,
            done | refused,
            'Add them to WORKFLOWS, or to JOBS in unsupported.py.',
        )
        for name in jobs:
            self.assertTrue(
                hasattr(manager.Manager, name),
                f'Add {name} to Manager in trove/taskmanager/manager.py.',
            )
