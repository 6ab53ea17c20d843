# SPDX-License-Identifier: Apache-2.0
"""The server of an instance: its specification, and waits for it."""

from __future__ import annotations

from typing import Any

from trove.cloud import base as cloud_base
from trove.cloud import gone
from trove.common import exception
from trove.objects.instance import entities
from trove.taskmanager.workflows import base

#: Seconds between two looks at a server that starts. Each is a request to the
#: cloud, which has to start it meanwhile.
_INTERVAL = 0.5


def spec(
    workflow: base.Workflow,
    instance: entities.Instance,
    flavor: cloud_base.Flavor,
    datastore: str,
    **more: Any,
) -> cloud_base.ServerSpec:
    """Return the specification of a server, as the row of its instance has it.

    :param more: what the row does not have
    """
    version = instance.datastore_version
    return cloud_base.ServerSpec(
        instance_id=instance.id,
        name=instance.name,
        flavor=flavor,
        image_tags=version.image_tags if version else (),
        datastore=datastore,
        project_id=instance.tenant_id,
        # Nobody's after an adoption.
        user_id=workflow.context.user_id,
        access=cloud_base.Access.of(instance.access),
        volume_id=instance.volume_id,
        **more,
    )


def wait(
    workflow: base.Workflow, seconds: float, whole: float | None = None
) -> None:
    """Wait until the server is active.

    :param seconds: the timeout
    :param whole: the timeout of all, of which these seconds are left
    :raises StepFailed: it is gone, in ERROR, or the timeout is over
    """
    silence = ''

    def look() -> bool:
        nonlocal silence
        try:
            server = workflow.cloud.compute.get_server(
                workflow.context, workflow.instance_id
            )
        except exception.CloudUnreachable as error:
            # The server starts all the same.
            silence = f': {str(error).rstrip(".")}'
            return False
        silence = ''
        if server is None:
            raise base.StepFailed(
                reason='the server has disappeared', remedy=gone.REMEDY
            )
        if server.status == cloud_base.ERROR:
            raise base.StepFailed(
                reason='the server failed to start: '
                f'{server.reason or "the cloud gives no reason"}'
            )
        return server.status == cloud_base.ACTIVE

    if not workflow.wait(look, seconds, _INTERVAL):
        raise base.StepFailed(
            reason=f'the server is not active after '
            f'{seconds if whole is None else whole:.0f} seconds{silence}'
        )
