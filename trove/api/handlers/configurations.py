# SPDX-License-Identifier: Apache-2.0
"""Configuration groups: detaching those of another release."""

from __future__ import annotations

from trove.api import request as api_request
from trove.common import exception
from trove.objects.instance import entities


def detach(request: api_request.Request, instance: entities.Instance) -> None:
    """Let a database run without the group that another release attached.

    That must be written down afterwards; to do it again does no harm.
    The server reads the settings that are left when it is restarted.

    :raises BadRequest: none is attached
    """
    if not instance.configuration_id:
        raise exception.BadRequest(
            f'Instance {instance.id} has no configuration group, so there '
            'is nothing to detach.'
        )
    instance.require_available()
    guest = request.guest(instance.id)
    guest.update_overrides(request.context, overrides={}, remove=True)
