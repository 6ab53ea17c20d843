# SPDX-License-Identifier: Apache-2.0
"""What becomes of the keys of the bodies about encryption."""

from __future__ import annotations

from trove.tests.unit.api import fates

Applied = fates.Applied
Refused = fates.Refused

_MISSING = 'directory of certificates'
_JOB = 'change_encryption'


def _enable(**changes: object) -> dict[str, object]:
    return {'enable': True, 'container_ref': 'none', **changes}


FATES = {
    ('POST', '/{project_id}/instances/{instance_id}/ssl'): fates.under(
        'ssl',
        {
            'enable': Refused({'ssl': _enable()}, 400, _MISSING),
            'container_ref': Refused({'ssl': _enable()}, 400, _MISSING),
            'password_ref': Refused(
                {'ssl': _enable(password_ref='none')}, 400, _MISSING
            ),
            'mode': Refused({'ssl': _enable(mode='strict')}, 400, 'mtls'),
            'disable': Applied({'ssl': {'disable': True}}, _JOB),
            'rollback': Applied({'ssl': {'rollback': True}}, _JOB),
        },
    ),
}
