# SPDX-License-Identifier: Apache-2.0
"""S3 and compatible object stores.

All containers are folders of one bucket, because the names of buckets are
global. A location is ``s3://BUCKET/CONTAINER/NAME``. The checksum of
a large object is that of S3: the MD5 of the binary MD5s of its parts, a hyphen
and their number.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import hashlib
from typing import Any

from botocore import config
from botocore import exceptions as boto_exceptions

from trove.objectstore import _arriving
from trove.objectstore import _retry
from trove.objectstore import _upload
from trove.objectstore import base
from trove.objectstore import errors

#: Bytes of a part: S3 allows 10,000 of them, two are in memory.
PART_SIZE = 24 << 20
_MOST_PARTS = 10000
_PIECE = 1 << 18
#: Metadata of this store, required to compute the checksum again.
_SIZE_KEY = 'trove-part-size'


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


class S3Store(base.Store):
    """Keeps objects in one existing bucket.

    :param client: an S3 client of boto3, which retries failed requests
    :param retry: for reads after the connection broke
    """

    def __init__(
        self,
        client: Any,
        bucket: str,
        *,
        part_size: int = PART_SIZE,
        retry: _retry.Retry | None = None,
    ) -> None:
        self._client = client
        self._bucket = bucket
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
        if delete_after is not None:
            raise errors.refused(
                f'store {container}/{name}{suffix}',
                'S3 deletes by rules of the bucket only, not each object '
                'after a time of its own',
            )
        saving = _Saving(
            self._client,
            {'Bucket': self._bucket, 'Key': f'{container}/{name}{suffix}'},
            {**metadata, _SIZE_KEY: str(self._part_size)},
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
        location = self.location(container, name + suffix)
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
        raise errors.refused(
            f'assemble {container}/{name}', 'S3 stores objects as a whole'
        )

    def check(self) -> None:
        with _explained(f'show bucket {self._bucket}'):
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
        with _explained(action):
            found = self._client.head_object(**key)
        whole = _etag(found)
        if checksum not in (None, whole):
            raise errors.damaged(
                action,
                f'its checksum is {whole} instead of {checksum}, as stored',
            )

        def get(offset: int) -> Any:
            with _explained(action):
                return self._client.get_object(
                    **key, IfMatch=found['ETag'], Range=f'bytes={offset}-'
                )['Body']

        size = found['ContentLength']
        digest = _Digest(int(found['Metadata'].get(_SIZE_KEY, size or 1)))
        arriving = _arriving.Arriving(get, size, self._retry, action)
        with contextlib.closing(arriving):
            while piece := arriving.read(min(_PIECE, size - arriving.offset)):
                digest.update(piece)
                if arriving.offset == size and digest.checksum() != whole:
                    break
                yield piece
                if progress is not None:
                    progress(arriving.offset)
        if digest.checksum() != whole:
            raise errors.damaged(
                action,
                f'the checksum of its data is {digest.checksum()} instead of '
                f'{whole}',
            )

    def head(self, location: str) -> base.Head:
        with _explained(f'find {location}'):
            found = self._client.head_object(**self._key(location))
        metadata = {
            name.lower(): value for name, value in found['Metadata'].items()
        }
        metadata.pop(_SIZE_KEY, None)
        return base.Head(
            location, _etag(found), found['ContentLength'], metadata
        )

    def location(self, container: str, name: str) -> str:
        return f's3://{self._bucket}/{container}/{name}'

    def delete(self, location: str) -> None:
        key = self._key(location)
        with _explained(f'delete {location}'):
            self._client.delete_object(**key)
            # Leftovers of killed writers.
            left = self._client.list_multipart_uploads(
                Bucket=key['Bucket'], Prefix=key['Key']
            )
            for upload in left.get('Uploads', ()):
                if upload['Key'] == key['Key']:
                    self._client.abort_multipart_upload(
                        **key, UploadId=upload['UploadId']
                    )

    def discard(self, location: str) -> None:
        container, _, name = self._key(location)['Key'].partition('/')
        for entry in list(self.entries(container, name)):
            self.delete(self.location(container, entry.name))

    def entries(
        self, container: str, prefix: str = ''
    ) -> Iterator[base.Entry]:
        pages = self._client.get_paginator('list_objects_v2').paginate(
            Bucket=self._bucket, Prefix=f'{container}/{prefix}'
        )
        with _explained(f'list {container} in bucket {self._bucket}'):
            for page in pages:
                for item in page.get('Contents', ()):
                    name = item['Key'].removeprefix(f'{container}/')
                    yield base.Entry(name, item['Size'])

    def _key(self, location: str) -> dict[str, str]:
        start = f's3://{self._bucket}/'
        container, _, name = location.removeprefix(start).partition('/')
        if not location.startswith(start) or not container or not name:
            raise errors.refused(
                f'find {location!r}',
                f'it is not an object in a container in {start}',
            )
        return {'Bucket': self._bucket, 'Key': f'{container}/{name}'}


class _Saving:
    """The storing of one object."""

    def __init__(
        self,
        client: Any,
        key: Mapping[str, str],
        metadata: Mapping[str, str],
        progress: base.Progress | None,
    ) -> None:
        self.size = 0
        self._client = client
        self._key = key
        self._metadata = metadata
        self._progress = progress
        self._action = f'store {key["Key"]} in bucket {key["Bucket"]}'
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._digests = b''
        self._checksum = ''

    def put(self, number: int, data: bytearray) -> None:
        if number >= _MOST_PARTS:
            raise errors.refused(
                self._action,
                f'S3 allows at most {_MOST_PARTS} parts, which were '
                f'{self.size} bytes',
            )
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        with _explained(self._action):
            if self._upload is None:
                begun = self._client.create_multipart_upload(
                    **self._key, Metadata=self._metadata
                )
                self._upload = begun['UploadId']
            answer = self._client.upload_part(
                **self._key,
                UploadId=self._upload,
                PartNumber=number + 1,
                Body=data,
                ContentMD5=base64.b64encode(digest).decode(),
            )
        self._parts.append({'PartNumber': number + 1, 'ETag': answer['ETag']})
        self._digests += digest
        self._tell(len(data))

    def put_only(self, data: bytearray) -> None:
        digest = hashlib.md5(data, usedforsecurity=False)
        with _explained(self._action):
            self._client.put_object(
                **self._key,
                Metadata=self._metadata,
                Body=data,
                ContentMD5=base64.b64encode(digest.digest()).decode(),
            )
        self._checksum = digest.hexdigest()
        self._tell(len(data))

    def _tell(self, more: int) -> None:
        self.size += more
        if self._progress is not None:
            self._progress(self.size)

    def finish(self) -> str:
        """Complete the object, and return its checksum."""
        if not self._parts:
            return self._checksum
        with _explained(self._action):
            made = self._client.complete_multipart_upload(
                **self._key,
                UploadId=self._upload,
                MultipartUpload={'Parts': self._parts},
            )
        checksum = _large(self._digests)
        if _etag(made) != checksum:
            raise errors.damaged(
                self._action,
                f'its checksum is {_etag(made)} instead of {checksum}',
            )
        return checksum

    def undo(self) -> None:
        """Delete its parts, as far as possible."""
        with contextlib.suppress(boto_exceptions.ClientError, *_BROKEN):
            if self._upload is not None:
                self._client.abort_multipart_upload(
                    **self._key, UploadId=self._upload
                )
        with contextlib.suppress(boto_exceptions.ClientError, *_BROKEN):
            self._client.delete_object(**self._key)


class _Digest:
    """Computes the checksum of an object whose parts have a known size."""

    def __init__(self, part_size: int) -> None:
        self._part_size = part_size
        self._digests = b''
        self._part = hashlib.md5(usedforsecurity=False)
        self._room = part_size

    def update(self, piece: bytes) -> None:
        while piece:
            if not self._room:
                self._digests += self._part.digest()
                self._part = hashlib.md5(usedforsecurity=False)
                self._room = self._part_size
            mine, piece = piece[: self._room], piece[self._room :]
            self._part.update(mine)
            self._room -= len(mine)

    def checksum(self) -> str:
        if not self._digests:
            return self._part.hexdigest()
        return _large(self._digests + self._part.digest())


def _large(digests: bytes) -> str:
    digest = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    return f'{digest}-{len(digests) // 16}'


def _etag(answer: Mapping[str, Any]) -> str:
    return str(answer['ETag']).strip('"')


_BROKEN = (boto_exceptions.BotoCoreError, boto_exceptions.HTTPClientError)
_FULL = ('QuotaExceeded', 'InsufficientStorage', 'EntityTooLarge')


@contextlib.contextmanager
def _explained(action: str) -> Iterator[None]:
    """Convert errors of boto3 to those of the store."""
    try:
        yield
    except boto_exceptions.ClientError as error:
        code = str(error.response['Error'].get('Code'))
        status = error.response['ResponseMetadata'].get('HTTPStatusCode', 0)
        said = f'it answered {status} {code}'
        if status in (413, 507) or code in _FULL:
            raise errors.full(action, said) from error
        if status in (401, 403):
            raise errors.denied(action, said) from error
        if status == 404:
            raise errors.missing(action, said) from error
        if status == 412:
            raise errors.damaged(action, f'{said}: replaced') from error
        if status >= 500 or status == 429:
            raise errors.unreachable(action, said) from error
        raise errors.refused(action, said) from error
    except _BROKEN as error:
        raise errors.unreachable(action, str(error)) from error
