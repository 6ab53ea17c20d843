# SPDX-License-Identifier: Apache-2.0
"""Storing of objects in S3, completely or not at all."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import hashlib
from typing import Any

from botocore import exceptions as boto_exceptions

from trove.objectstore import _s3_sums
from trove.objectstore import base
from trove.objectstore import errors

#: S3 allows no more.
MOST_PARTS = 10000


class Saving:
    """The storing of one object."""

    def __init__(
        self,
        client: Any,
        key: Mapping[str, str],
        metadata: Mapping[str, str],
        progress: base.Progress | None = None,
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
        if number >= MOST_PARTS:
            raise errors.refused(
                self._action,
                f'S3 allows at most {MOST_PARTS} parts, which were '
                f'{self.size} bytes',
            )
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        with explained(self._action):
            self._begin()
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

    def _begin(self) -> None:
        if self._upload is None:
            begun = self._client.create_multipart_upload(
                **self._key, Metadata=self._metadata
            )
            self._upload = begun['UploadId']

    def copy(self, number: int, name: str) -> None:
        """Add an object of the bucket as a part; S3 copies it."""
        source = {**self._key, 'Key': name}
        with explained(self._action):
            self._begin()
            answer = self._client.upload_part_copy(
                **self._key,
                UploadId=self._upload,
                PartNumber=number + 1,
                CopySource=source,
            )
        tag = answer['CopyPartResult']['ETag']
        self._parts.append({'PartNumber': number + 1, 'ETag': tag})
        self._digests += bytes.fromhex(_s3_sums.etag(tag))

    def copy_only(self, name: str) -> None:
        """Store the data of an object of the bucket; S3 copies them."""
        with explained(self._action):
            answer = self._client.copy_object(
                **self._key,
                CopySource={**self._key, 'Key': name},
                Metadata=self._metadata,
                MetadataDirective='REPLACE',
            )
        self._checksum = _s3_sums.etag(answer['CopyObjectResult']['ETag'])

    def put_only(self, data: bytearray) -> None:
        digest = hashlib.md5(data, usedforsecurity=False)
        with explained(self._action):
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
        with explained(self._action):
            made = self._client.complete_multipart_upload(
                **self._key,
                UploadId=self._upload,
                MultipartUpload={'Parts': self._parts},
            )
        checksum = _s3_sums.large(self._digests)
        if etag(made) != checksum:
            raise errors.damaged(
                self._action,
                f'its checksum is {etag(made)} instead of {checksum}',
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


def etag(answer: Mapping[str, Any]) -> str:
    """Return the checksum that an answer has."""
    return _s3_sums.etag(str(answer['ETag']))


_BROKEN = (boto_exceptions.BotoCoreError, boto_exceptions.HTTPClientError)
_FULL = ('QuotaExceeded', 'InsufficientStorage', 'EntityTooLarge')


@contextlib.contextmanager
def explained(action: str) -> Iterator[None]:
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
