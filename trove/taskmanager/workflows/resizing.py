# SPDX-License-Identifier: Apache-2.0
"""The base class of workflows that resize an instance."""

from __future__ import annotations

from typing import Any
from typing import ClassVar

from trove.common import context as trove_context
from trove.objects.instance import workflows
from trove.taskmanager.workflows import base


class Resize(base.Workflow):
    """A workflow that needs an argument of its message to be resumed.

    :cvar wants: name of the argument, in the message and in the row
    :param wanted: its value; None after an adoption with an incomplete row:
        then the workflow can only be undone
    """

    repeatable = False
    wants: ClassVar[str]

    def __init__(
        self,
        env: base.Environment,
        context: trove_context.TroveContext,
        instance_id: str,
        wanted: Any = None,
    ) -> None:
        super().__init__(env, context, instance_id)
        self.wanted = wanted

    @classmethod
    def known(
        cls, env: base.Environment, row: workflows.Workflow
    ) -> tuple[Any, ...]:
        return (row.details.get(cls.wants),)

    def details(self) -> dict[str, Any] | None:
        return {self.wants: self.wanted}

    @property
    def complete(self) -> bool:
        return self.wanted is not None
