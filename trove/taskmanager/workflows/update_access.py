# SPDX-License-Identifier: Apache-2.0
"""Change who may reach an instance, for the API of a release.

That of this tree writes it down itself: no cloud here has more to do.
"""

from __future__ import annotations

from typing import Any

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
                remedy='Try again.',
            ),
        ]

    def _check(self) -> None:
        access: dict[str, Any] = self.wanted
        refused = sorted(access.keys() - _KEYS)
        if access.get('allowed_cidrs'):
            refused.append('allowed_cidrs')
        if access.get('is_public') and 'is_public' in self.cloud.ignores:
            refused.append('is_public')
        if refused:
            raise base.StepFailed(
                reason=f'"{refused[0]}" is not supported by this cloud'
            )

    def _change(self) -> None:
        self.record(access={**(self.instance().access or {}), **self.wanted})
