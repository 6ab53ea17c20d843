# SPDX-License-Identifier: Apache-2.0
"""What becomes of the keys of the bodies about logs."""

from __future__ import annotations

from trove.tests.unit.api import fates

Applied = fates.Applied


def log(instance_id: str) -> dict[str, object]:
    """A log as its guest agent describes it."""
    return {
        'name': 'general',
        'type': 'USER',
        'status': 'Published',
        'published': 9,
        'pending': 0,
        'container': 'database_logs',
        'prefix': f'{instance_id}/postgresql-general/',
        'metafile': f'{instance_id}/postgresql-general_metafile',
    }


FATES = {
    ('POST', '/{project_id}/instances/{instance_id}/log'): {
        'name': Applied({'name': 'general'}, '"log_name": "general"'),
        **{
            flag: Applied({'name': 'general', flag: 1}, f'"{flag}": true')
            for flag in ('enable', 'disable', 'discard', 'publish')
        },
    },
}
