# SPDX-License-Identifier: Apache-2.0
"""Images of datastore versions."""

from __future__ import annotations

from collections.abc import Sequence
import itertools
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

    Anybody can upload an image with these tags. An administrator, as the
    user of the services is, is listed the private ones of all projects. So
    only those of the projects that the operator trusts are looked at.

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
        lambda: [
            image
            for owner in _owners(api)
            for image in _newest_of(api, owner, tags)
        ],
    )
    if not found:
        raise exception.CloudError(
            action=action,
            reason=f'Glance has no active image with the tags '
            f'{", ".join(tags)} in a project that is trusted: that of the '
            'services, and those in [cloud_openstack] image_owners. Upload '
            'one with "openstack image create --project", or correct the '
            'tags of the datastore version',
        )
    return str(max(found, key=lambda image: str(image.created_at)).id)


def _owners(api: calls.Calls) -> dict[str, None]:
    """Return the ids of the projects whose images may become guests."""
    trusted = api.conf.cloud_openstack.image_owners
    return dict.fromkeys([api.project_id, *trusted])


def _newest_of(
    api: calls.Calls, owner: str, tags: Sequence[str]
) -> list[Any]:
    found = api.images.images(
        status='active',
        tag=list(tags),
        owner=owner,
        sort='created_at:desc',
        limit=1,
    )
    # What is booted has the keys of a guest: the filter is not trusted.
    return list(
        itertools.islice((each for each in found if each.owner == owner), 1)
    )
