# SPDX-License-Identifier: Apache-2.0
"""What all stores in a bucket of S3 have in common, with keys and without."""

from __future__ import annotations

from trove.objectstore import _names
from trove.objectstore import base
from trove.objectstore import errors


class BucketStore(base.Store):
    """Has the objects of all containers in one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def location(self, container: str, name: str) -> str:
        return f's3://{self._bucket}/{container}/{name}'

    def _find(self, location: str) -> tuple[str, str]:
        """Return the container and the name of an object.

        :raises trove.common.exception.ObjectRefused: it is elsewhere
        """
        start = f's3://{self._bucket}/'
        container, _, name = location.removeprefix(start).partition('/')
        if not location.startswith(start) or not container or not name:
            raise errors.refused(
                f'find {location!r}',
                f'it is not an object in a container in {start}',
            )
        _names.check(container, name, f'find {location!r}')
        return container, name

    def _refuse_end(self, location: str, delete_after: int | None) -> None:
        """Refuse to store an object for a time only.

        :raises trove.common.exception.ObjectRefused: that is asked for
        """
        if delete_after is not None:
            raise errors.refused(
                f'store {location}',
                'S3 deletes by rules of the bucket only, not each object '
                'after a time of its own',
            )
