# SPDX-License-Identifier: Apache-2.0
"""S3 and compatible object stores.

All containers are folders of one bucket, because the names of buckets are
global. A location is ``s3://BUCKET/CONTAINER/NAME``. Guest agents have signed
URLs instead of the keys, see :mod:`.s3_signed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import json
import time
from typing import Any

from botocore import config

from trove.common import exception
from trove.objectstore import _arriving
from trove.objectstore import _manifests
from trove.objectstore import _names
from trove.objectstore import _retry
from trove.objectstore import _s3_bucket
from trove.objectstore import _s3_saving
from trove.objectstore import _s3_signing
from trove.objectstore import _s3_sums
from trove.objectstore import _upload
from trove.objectstore import base
from trove.objectstore import errors

#: Bytes of a part: S3 allows 10,000 of them, two are in memory.
PART_SIZE = 24 << 20


def settings(attempts: int, timeout: float) -> config.Config:
    """Return the configuration of a client of boto3."""
    return config.Config(
        connect_timeout=timeout,
        read_timeout=timeout,
        # Not all compatible stores support the newer checksums of S3.
        request_checksum_calculation='when_required',
        response_checksum_validation='when_required',
        retries={'mode': 'standard', 'max_attempts': attempts},
        s3={'addressing_style': 'path'},
    )


class S3Store(_s3_bucket.BucketStore):
    """Keeps objects in one existing bucket.

    :param client: an S3 client of boto3, which retries failed requests
    :param retry: for reads after the connection broke
    :param keys: those of the client, to sign URLs with
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        *,
        part_size: int = PART_SIZE,
        retry: _retry.Retry | None = None,
        keys: Any = None,
    ) -> None:
        super().__init__(bucket)
        self._client = client
        self._keys = keys
        self._part_size = part_size
        self._retry = retry or _retry.Retry()

    def save(
        self,
        container: str,
        name: str,
        source: base.Source,
        metadata: Mapping[str, str],
        *,
        suffix: str = '',
        progress: base.Progress | None = None,
        delete_after: int | None = None,
    ) -> base.Stored:
        location = self.location(container, name + suffix)
        self._refuse_end(location, delete_after)
        saving = _s3_saving.Saving(
            self._client,
            self._key(location),
            {**metadata, _s3_sums.SIZE_KEY: str(self._part_size)},
            progress,
        )
        try:
            _upload.upload(
                source, self._part_size, saving.put, saving.put_only
            )
            checksum = saving.finish()
        except BaseException:
            saving.undo()
            raise
        return base.Stored(location, checksum, saving.size)

    def assemble(
        self,
        container: str,
        name: str,
        suffix: str,
        *,
        number: int,
        checksum: str,
        metadata: Mapping[str, str],
    ) -> base.Stored:
        if number > _s3_saving.MOST_PARTS:
            raise errors.refused(
                f'assemble {container}/{name}',
                f'S3 allows at most {_s3_saving.MOST_PARTS} parts, not '
                f'{number}',
            )
        final = name + suffix
        location = self.location(container, final)
        try:
            found = self.head(location)
        except exception.ObjectMissing:
            pass
        else:
            if found.checksum == checksum:
                # Whoever did it before was interrupted.
                self._clean(container, name)
                return base.Stored(location, checksum, found.size)
        parts = [
            f'{container}/{_manifests.part_name(name, each)}'
            for each in range(number)
        ]
        with _s3_saving.explained(f'find {parts[0]}'):
            first = self._client.head_object(
                Bucket=self._bucket, Key=parts[0]
            )
        saving = _s3_saving.Saving(
            self._client,
            {'Bucket': self._bucket, 'Key': f'{container}/{final}'},
            {**metadata, _s3_sums.SIZE_KEY: str(first['ContentLength'] or 1)},
        )
        try:
            if number == 1:
                saving.copy_only(parts[0])
            for each, part in enumerate(parts if number > 1 else ()):
                saving.copy(each, part)
            made = saving.finish()
            if made != checksum:
                raise errors.damaged(
                    f'assemble {container}/{final}',
                    f'the checksum of its {number} parts is {made} instead '
                    f'of {checksum}, as they were written',
                )
        except BaseException:
            saving.undo()
            raise
        found = self.head(location)
        self._clean(container, name)
        return base.Stored(location, checksum, found.size)

    def _clean(self, container: str, stem: str) -> None:
        """Delete the parts of an object, stored by a guest."""
        for each in list(self._objects(container, stem, '_')):
            self._remove(container, each)

    def _remove(self, container: str, name: str) -> None:
        key = self._key(self.location(container, name))
        with _s3_saving.explained(f'delete {container}/{name}'):
            self._client.delete_object(**key)

    def _objects(
        self, container: str, stem: str, more: str = ''
    ) -> Iterator[str]:
        """Yield the names of the objects of a backup.

        :param more: how they begin after its name
        """
        return _names.of(
            stem,
            self.entries(container, stem + more),
            f'delete {container}/{stem}',
        )

    def check(self) -> None:
        with _s3_saving.explained(f'show bucket {self._bucket}'):
            self._client.head_bucket(Bucket=self._bucket)

    def renew(self, access: Mapping[str, Any]) -> None:
        """Change nothing: the keys of S3 have no end."""

    def read(
        self,
        location: str,
        checksum: str | None,
        *,
        progress: base.Progress | None = None,
    ) -> Iterator[bytes]:
        action = f'read {location}'
        key = self._key(location)
        with _s3_saving.explained(action):
            found = self._client.head_object(**key)
        whole = _s3_saving.etag(found)
        if checksum not in (None, whole):
            raise errors.damaged(
                action,
                f'its checksum is {whole} instead of {checksum}, as stored',
            )

        def get(offset: int) -> Any:
            with _s3_saving.explained(action):
                return self._client.get_object(
                    **key, IfMatch=found['ETag'], Range=f'bytes={offset}-'
                )['Body']

        size = found['ContentLength']
        yield from _s3_sums.checked(
            _arriving.Arriving(get, size, self._retry, action),
            size,
            _s3_sums.part_size(found['Metadata'], size, action),
            whole,
            action,
            progress,
        )

    def head(self, location: str) -> base.Head:
        key = self._key(location)
        with _s3_saving.explained(f'find {location}'):
            found = self._client.head_object(**key)
        metadata = {
            name.lower(): value for name, value in found['Metadata'].items()
        }
        if metadata.pop(_s3_sums.SIZE_KEY, None) is None:
            metadata |= self._beside(key)
        return base.Head(
            location, _s3_saving.etag(found), found['ContentLength'], metadata
        )

    def _beside(self, key: Mapping[str, str]) -> dict[str, str]:
        """Return the metadata that a guest has stored beside an object."""
        beside = {**key, 'Key': key['Key'] + _s3_sums.METADATA}
        last = _s3_sums.METADATA_SIZE - 1
        try:
            with _s3_saving.explained(f'read {beside["Key"]}'):
                found = self._client.get_object(
                    **beside, Range=f'bytes=0-{last}'
                )
                told = json.loads(found['Body'].read())
        except (exception.ObjectMissing, ValueError):
            return {}
        return {
            name: value
            for name, value in told.items()
            if isinstance(value, str)
        } if isinstance(told, dict) else {}

    def sign(
        self, grants: Sequence[_s3_signing.Grant], *, expires: int
    ) -> dict[str, Any]:
        """Return signed URLs for a guest; see :func:`._s3_signing.sign`.

        :raises trove.common.exception.ConfigurationError: there are no keys
        """
        if self._keys is None:
            raise exception.ConfigurationError(
                option='[objectstore] s3_access_key',
                value='',
                remedy='nor does boto3 find a key. Set it, or give the '
                'machine a role.',
            )
        return _s3_signing.sign(
            f'{self._client.meta.endpoint_url}/{self._bucket}',
            self._keys.get_frozen_credentials(),
            self._client.meta.region_name,
            grants,
            now=time.time(),
            expires=expires,
        )

    def delete(self, location: str) -> None:
        container, name = self._find(location)
        for each in name, name + _s3_sums.METADATA:
            self._remove(container, each)
        self._clean(container, name.partition('.')[0])
        self._abort(container, name)

    def _abort(self, container: str, name: str) -> None:
        """Delete what killed writers have left of an object, or of several.

        :param name: or how the names of all begin
        """
        begins = self._key(self.location(container, name))
        with _s3_saving.explained(f'delete {container}/{name}'):
            left = self._client.list_multipart_uploads(
                Bucket=self._bucket, Prefix=begins['Key']
            )
            for upload in left.get('Uploads', ()):
                if _names.is_of(begins['Key'], upload['Key']):
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket,
                        Key=upload['Key'],
                        UploadId=upload['UploadId'],
                    )

    def discard(self, location: str, most: int = base.MOST) -> bool:
        container, stem = self._find(location)
        names = list(
            itertools.islice(self._objects(container, stem), most + 1)
        )
        for each in names[:most]:
            self._remove(container, each)
        self._abort(container, stem)
        return len(names) <= most

    def entries(
        self, container: str, prefix: str = ''
    ) -> Iterator[base.Entry]:
        pages = self._client.get_paginator('list_objects_v2').paginate(
            Bucket=self._bucket, Prefix=f'{container}/{prefix}'
        )
        action = f'list {container} in bucket {self._bucket}'
        with _s3_saving.explained(action):
            for page in pages:
                for item in page.get('Contents', ()):
                    name = item['Key'].removeprefix(f'{container}/')
                    yield base.Entry(name, item['Size'])

    def _key(self, location: str) -> dict[str, str]:
        container, name = self._find(location)
        return {'Bucket': self._bucket, 'Key': f'{container}/{name}'}
