# SPDX-License-Identifier: Apache-2.0
"""The storage driver ``s3``.

The backups of all projects are in one bucket, which only the services have
keys for. Guest agents get signed URLs for the objects of one backup, one
restore, or the next ones of an archived log.
"""

from __future__ import annotations

from collections.abc import Sequence
import time
from typing import Any
from typing import Final

from trove.common import exception
from trove.common import numbered
from trove.objectstore import _s3_signing
from trove.objectstore import _s3_sums
from trove.objectstore import _storage
from trove.objectstore import base
from trove.objectstore import loading

#: The least and the most bytes of a part; two are in memory of a guest.
_PART_SIZES: Final = (5 << 20, 24 << 20)
#: S3 allows no more in an object.
_MOST_PARTS: Final = 10000


class S3Storage(_storage.Storage):
    """One bucket of S3, with signed URLs for guest agents."""

    name = 's3'
    signs_names = True

    def store(self, location: str | None = None) -> base.Store:
        return loading.load(self._conf, self.name)

    def writing(
        self,
        container: str,
        name: str,
        *,
        size: int,
        parent: str | None = None,
    ) -> dict[str, Any]:
        part_size = self._part_size(size)
        # What cannot be compressed becomes a bit larger.
        number = min(_MOST_PARTS, size * 101 // 100 // part_size + 2)
        grant = _put(container, numbered.Names(f'{name}_', '', 0, number))
        heads = [self.store().head(parent)] if parent else []
        return self._written([grant], part_size, heads)

    def appending(
        self, container: str, prefix: str, names: Sequence[numbered.Names]
    ) -> dict[str, Any]:
        grants = [
            _put(
                container,
                numbered.Names(
                    each.before, each.after + beside, each.first, each.count
                ),
            )
            for each in names
            for beside in ('', _s3_sums.METADATA)
        ]
        return self._written(grants, self._part_size(0), [])

    def publishing(
        self, container: str, prefix: str, *, size: int
    ) -> dict[str, Any]:
        raise exception.NotSupported(
            'Logs are not published to S3, which does not delete objects '
            'after a time. Ask the administrator for storage in Swift '
            '([DEFAULT] storage_strategy).'
        )

    def reading(self, heads: Sequence[base.Head]) -> dict[str, Any]:
        grants = [
            _get(*head.location.split('/', 4)[3:]) for head in heads
        ]
        return self._access(grants, self._end_of_reading(), heads)

    def reading_all(
        self, container: str, prefix: str, names: numbered.Names
    ) -> dict[str, Any]:
        grant = _s3_signing.Grant('GET', container, names)
        return self._access([grant], self._end_of_reading(), [])

    def _part_size(self, size: int) -> int:
        least, most = _PART_SIZES
        wanted: int = self._conf.backup_segment_max_size
        return min(most, max(least, wanted, size // (_MOST_PARTS - 200) + 1))

    def _end_of_reading(self) -> int:
        lifetime: int = min(
            self._conf.restore_usage_timeout, _s3_signing.LONGEST
        )
        return int(time.time()) + lifetime

    def _written(
        self,
        grants: Sequence[_s3_signing.Grant],
        part_size: int,
        heads: Sequence[base.Head],
    ) -> dict[str, Any]:
        lifetime = self._conf.objectstore.signed_lifetime
        expires = int(time.time()) + lifetime
        access = self._access(grants, expires, heads)
        access['settings']['part_size'] = part_size
        return access | {'expires': expires}

    def _access(
        self,
        grants: Sequence[_s3_signing.Grant],
        expires: int,
        heads: Sequence[base.Head],
    ) -> dict[str, Any]:
        options = self._conf.objectstore
        return {
            'driver': self.name,
            'bucket': options.s3_bucket,
            'signed': loading.sign_s3(self._conf, grants, expires=expires),
            'known': _storage.known(heads),
            'settings': {
                'part_size': self._part_size(0),
                'attempts': options.attempts,
                'timeout': options.timeout,
                'verify': options.cafile or True,
            },
        }


def _put(container: str, names: numbered.Names) -> _s3_signing.Grant:
    return _s3_signing.Grant('PUT', container, names)


def _get(container: str, name: str) -> _s3_signing.Grant:
    return _s3_signing.Grant('GET', container, numbered.Names(name))
