# SPDX-License-Identifier: Apache-2.0
"""Configuration groups: detaches those of another release."""

from __future__ import annotations

from trove.api import request as api_request
from trove.common import exception
from trove.objects.instance import entities


def detach(request: api_request.Request, instance: entities.Instance) -> None:
    """Remove the settings of a group that another release attached.

    It is idempotent; record it afterwards. The database server applies the
    remaining settings at its next restart.

    :raises BadRequest: no group is attached
    :raises InstanceBusy, Unprocessable: the guest is unavailable
    """
    if not instance.configuration_id:
        raise exception.BadRequest(
            f'Instance {instance.id} has no configuration group, so there '
            'is nothing to detach.'
        )
    instance.require_available()
    guest = request.guest(instance.id)
    guest.update_overrides(request.context, overrides={}, remove=True)
