# SPDX-License-Identifier: Apache-2.0
"""Wait for the server of an instance."""

from __future__ import annotations

from trove.cloud import base as cloud_base
from trove.taskmanager.workflows import base


def wait(workflow: base.Workflow, seconds: float) -> None:
    """Wait until the server is active.

    :param seconds: the timeout
    :raises StepFailed: it is gone, in ERROR, or the timeout is over
    """

    def look() -> bool:
        server = workflow.cloud.compute.get_server(
            workflow.context, workflow.instance_id
        )
        if server is None:
            raise base.StepFailed(reason='the server has disappeared')
        if server.status == cloud_base.ERROR:
            raise base.StepFailed(
                reason='the server failed to start: '
                f'{server.reason or "the cloud gives no reason"}'
            )
        return server.status == cloud_base.ACTIVE

    if not workflow.wait(look, seconds):
        raise base.StepFailed(
            reason=f'the server is not active after {seconds:.0f} seconds'
        )
