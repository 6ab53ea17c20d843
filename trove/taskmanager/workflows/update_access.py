# SPDX-License-Identifier: Apache-2.0
"""Change from where an instance is reached.

The API writes it down itself where the cloud has nothing to do.
"""

from __future__ import annotations

from typing import Any

from trove.cloud import access as cloud_access
from trove.cloud import base as cloud_base
from trove.taskmanager.workflows import base
from trove.taskmanager.workflows import resizing

#: What a request may hold.
_KEYS = frozenset({'is_public', 'allowed_cidrs'})


class UpdateAccess(resizing.Resize):
    """Changes the access; ``wanted`` has the keys that change."""

    action = 'update_access'
    wants = 'access'
    repeatable = True

    def steps(self) -> list[base.Step]:
        return [
            base.Step(
                'check that the cloud can change the access',
                do=self._check,
                remedy='Nothing was changed. Leave it out of the request.',
            ),
            base.Step(
                'change the access',
                do=self._change,
                remedy='Check the cloud and its logs, then change the access '
                'again.',
            ),
        ]

    def _check(self) -> None:
        access: dict[str, Any] = self.wanted
        refused = sorted(access.keys() - _KEYS)
        refused += cloud_access.unmet(access, self.cloud.ignores)
        if refused:
            raise base.StepFailed(
                reason=f'"{refused[0]}" is not supported by this cloud'
            )

    def _change(self) -> None:
        instance = self.instance()
        access = {**(instance.access or {}), **self.wanted}
        version = instance.datastore_version
        network = self.cloud.network
        network.set_access(
            self.context,
            self.instance_id,
            cloud_base.Access.of(access),
            (version.manager or '') if version else '',
            instance.tenant_id,
        )
        self.record(access=access)
        self.record_addresses(
            network.addresses(self.context, self.instance_id)
        )
