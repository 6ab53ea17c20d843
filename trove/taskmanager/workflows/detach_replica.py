# SPDX-License-Identifier: Apache-2.0
"""Detach a replica: it becomes an instance of its own."""

from __future__ import annotations

import logging
from typing import Any

from trove.common import exception
from trove.common import masking
from trove.objects.instance import tasks
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

#: Seconds that a primary has to forget a replica.
_FORGET_TIMEOUT = 15


class Detach(base.Workflow):
    """Detaches a replica."""

    action = 'detach_replica'

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'detach the replica',
                do=self._detach,
                remedy='Check its guest agent, then detach it again.',
            )
        ]

    def finish(self) -> bool:
        return self.env.database(
            tasks.end_task, self.instance_id, self.owner, slave_of_id=None
        )

    def _detach(self) -> None:
        self.guest().rpc_ping(self.context)
        primary = self.instance().slave_of_id
        info = self.guest().detach_replica(self.context, for_failover=False)
        if primary:
            leave(self, primary, info)


def leave(
    workflow: base.Workflow, primary: str, info: dict[str, Any]
) -> None:
    """Have a primary remove what it keeps for a replica, if it answers.

    :param info: what the replica says, or its id as ``replica_id``
    """
    try:
        guest = workflow.guest(timeout=_FORGET_TIMEOUT, instance_id=primary)
        guest.cleanup_source_on_replica_detach(
            workflow.context, replica_info=info
        )
    except exception.TroveError as error:
        LOG.info(
            'Primary %s keeps what it has for its former replica %s, up to '
            'its limits: %s',
            primary,
            workflow.instance_id,
            masking.error(error),
        )
