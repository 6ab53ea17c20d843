# SPDX-License-Identifier: Apache-2.0
"""Images of datastore versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trove.cloud.openstack import calls
from trove.common import exception


def get(api: calls.Calls, image_id: str) -> Any | None:
    """Return an image, None when Glance does not have it."""
    return api.find(
        'look at the image', lambda: api.images.get_image(image_id)
    )


def newest(api: calls.Calls, tags: Sequence[str]) -> str:
    """Return the id of the newest active image with all of some tags.

    :raises CloudError: there is none
    """
    action = 'find the image'
    if not tags:
        raise exception.CloudError(
            action=action,
            reason='the datastore version names neither an image nor tags. '
            'Give it one of both',
        )
    found = api.look(
        action,
        lambda: next(
            iter(
                api.images.images(
                    status='active',
                    tag=list(tags),
                    sort='created_at:desc',
                    limit=1,
                )
            ),
            None,
        ),
    )
    if found is None:
        raise exception.CloudError(
            action=action,
            reason=f'Glance has no active image with the tags '
            f'{", ".join(tags)}. Upload one with these tags, or correct '
            'those of the datastore version',
        )
    return str(found.id)
