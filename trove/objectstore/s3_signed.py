# SPDX-License-Identifier: Apache-2.0
"""S3 with signed URLs, for guest agents: neither keys nor boto3.

A backup is stored in parts, which the control plane assembles, for its name
and its metadata are not known when the URLs are signed. An object whose name
is signed is stored as a whole, its metadata as an object beside it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from collections.abc import Mapping
import hashlib
import json
import logging
from typing import Any
from typing import Final
from typing import NoReturn

import requests

from trove.objectstore import _arriving
from trove.objectstore import _http
from trove.objectstore import _manifests
from trove.objectstore import _retry
from trove.objectstore import _s3_bucket
from trove.objectstore import _s3_signing
from trove.objectstore import _s3_sums
from trove.objectstore import _upload
from trove.objectstore import base
from trove.objectstore import errors

LOG = logging.getLogger(__name__)

_META: Final = 'x-amz-meta-'


def open_with(access: Mapping[str, Any]) -> SignedS3Store:
    """Return a store for what an order says."""
    settings = access['settings']
    return SignedS3Store(
        _s3_signing.SignedNames(access['signed']),
        str(access['bucket']),
        part_size=int(settings['part_size']),
        retry=_retry.Retry(attempts=int(settings['attempts'])),
        verify=settings['verify'],
        timeout=float(settings['timeout']),
    )


class SignedS3Store(_s3_bucket.BucketStore):
    """Writes and reads the objects whose names are signed.

    :param part_size: in bytes; two parts are in memory
    :param verify: as in requests: a boolean, or the path of certificates
    """

    def __init__(
        self,
        who: _s3_signing.SignedNames,
        bucket: str,
        *,
        part_size: int,
        retry: _retry.Retry,
        verify: bool | str = True,
        timeout: float = 60.0,
    ) -> None:
        super().__init__(bucket)
        self._access = who
        self._part_size = part_size
        self._http = _http.Http(who, retry, timeout, verify)

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
        final = name + suffix
        location = self.location(container, final)
        self._refuse_end(location, delete_after)
        saving = _Saving(self._http, container, name, progress)
        if self._access.permits('PUT', container, final):
            _upload.upload(
                source,
                self._part_size,
                saving.refuse,
                lambda data: saving.put_whole(final, data, metadata),
            )
        else:
            _upload.upload(
                source,
                self._part_size,
                saving.put,
                lambda data: saving.put(0, data),
            )
        return saving.stored(location)

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
        _deny(f'assemble {container}/{name}')

    def check(self) -> None:
        _deny(f'show bucket {self._bucket}')

    def renew(self, access: Mapping[str, Any]) -> None:
        self._access.renew(access['signed'])

    def read(
        self,
        location: str,
        checksum: str | None,
        *,
        progress: base.Progress | None = None,
    ) -> Iterator[bytes]:
        action = f'read {location}'
        first = [self._get(location, 0)]
        head = _head(location, first[0])
        whole, size = head.checksum, head.size
        if checksum not in (None, whole):
            first[0].close()
            raise errors.damaged(
                action,
                f'its checksum is {whole} instead of {checksum}, as stored',
            )

        def get(offset: int) -> _Body:
            answer = first.pop() if first else self._get(location, offset)
            length = int(answer.headers.get('Content-Length', -1))
            found = _s3_sums.etag(answer.headers.get('ETag', ''))
            if (found, length) == (whole, size - offset):
                return _Body(answer)
            answer.close()
            raise errors.damaged(
                action,
                f'{length} bytes with checksum {found} were received from '
                f'byte {offset} on, instead of {size - offset} with {whole}',
            )

        part_size = _s3_sums.part_size(head.metadata, size, action)
        yield from _s3_sums.checked(
            _arriving.Arriving(get, size, self._http.retry, action),
            size,
            part_size,
            whole,
            action,
            progress,
        )

    def _get(self, location: str, offset: int) -> requests.Response:
        container, name = self._find(location)
        return self._http.request(
            'GET',
            container,
            name,
            action=f'read {location}',
            headers={'Range': f'bytes={offset}-'} if offset else {},
            stream=True,
        )

    def head(self, location: str) -> base.Head:
        answer = self._get(location, 0)
        answer.close()
        return _head(location, answer)

    def delete(self, location: str) -> None:
        LOG.info(
            '%s is not deleted by the guest agent, which must not do that in '
            'S3. The task manager deletes it; if it does not, delete the '
            'backup.',
            location,
        )

    def discard(self, location: str, most: int = base.MOST) -> bool:
        self.delete(location)
        return True

    def entries(
        self, container: str, prefix: str = ''
    ) -> Iterator[base.Entry]:
        _deny(f'list {container} in bucket {self._bucket}')


class _Saving:
    """The storing of one object, or of its parts."""

    def __init__(
        self,
        http: _http.Http,
        container: str,
        stem: str,
        progress: base.Progress | None,
    ) -> None:
        self._http = http
        self._container = container
        self._stem = stem
        self._progress = progress
        self._size = 0
        self._digests = b''
        self._parts: list[base.Part] = []
        self._checksum = ''

    def put(self, number: int, data: bytearray) -> None:
        """Store a part."""
        name = _manifests.part_name(self._stem, number)
        checksum = self._put(name, data)
        self._parts.append(base.Part(name, checksum, len(data)))
        self._digests += bytes.fromhex(checksum)
        self._checksum = _s3_sums.large(self._digests) if number else checksum
        self._tell(len(data))

    def refuse(self, number: int, data: bytearray) -> NoReturn:
        raise errors.refused(
            f'store {self._container}/{self._stem}',
            f'it has more than {len(data)} bytes, which is more than fits in '
            'one request with a signed URL',
        )

    def put_whole(
        self, final: str, data: bytearray, metadata: Mapping[str, str]
    ) -> None:
        """Store an object; its metadata first, so that they are seen."""
        told = json.dumps(dict(metadata)).encode()
        self._put(final + _s3_sums.METADATA, bytearray(told))
        self._checksum = self._put(final, data)
        self._tell(len(data))

    def _put(self, name: str, data: bytearray) -> str:
        digest = hashlib.md5(data, usedforsecurity=False)
        action = f'store {self._container}/{name}'
        answer = self._http.request(
            'PUT',
            self._container,
            name,
            action=action,
            headers={
                'Content-MD5': base64.b64encode(digest.digest()).decode()
            },
            data=data,
        )
        found = _s3_sums.etag(answer.headers.get('ETag', ''))
        if found != digest.hexdigest():
            raise errors.damaged(
                action,
                f'its checksum is {found} instead of {digest.hexdigest()}',
            )
        return found

    def _tell(self, more: int) -> None:
        self._size += more
        if self._progress is not None:
            self._progress(self._size)

    def stored(self, location: str) -> base.Stored:
        return base.Stored(
            location, self._checksum, self._size, tuple(self._parts)
        )


class _Body:
    """The data of an answer."""

    def __init__(self, answer: requests.Response) -> None:
        self._answer = answer
        self.close = answer.close

    def read(self, size: int) -> bytes:
        piece: bytes = self._answer.raw.read(size)
        return piece


def _head(location: str, answer: requests.Response) -> base.Head:
    return base.Head(
        location,
        _s3_sums.etag(answer.headers.get('ETag', '')),
        int(answer.headers['Content-Length']),
        {
            key.lower().removeprefix(_META): value
            for key, value in answer.headers.items()
            if key.lower().startswith(_META)
        },
    )


def _deny(action: str) -> NoReturn:
    raise errors.denied(action, 'it takes keys, and a guest agent has none')
