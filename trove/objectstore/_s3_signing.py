# SPDX-License-Identifier: Apache-2.0
"""Signed URLs of S3, many at once.

S3 signs each name by itself, not prefixes, so whoever grants an access names
all objects. Only what differs is sent: the signatures, in the order of the
names. See "Authenticating Requests: Using Query Parameters (AWS Signature
Version 4)" in the reference of S3.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import hashlib
import hmac
from typing import Any
from typing import Final
from typing import Protocol
from urllib import parse

from trove.common import numbered
from trove.objectstore import access

_ALGORITHM: Final = 'AWS4-HMAC-SHA256'
#: Seconds for which a URL may be valid.
LONGEST: Final = 7 * 86400


class Keys(Protocol):
    """Credentials of boto3."""

    access_key: str
    secret_key: str
    token: str | None


@dataclasses.dataclass(frozen=True)
class Grant:
    """A method for some names of a container."""

    method: str
    container: str
    names: numbered.Names


def sign(
    url: str,
    keys: Keys,
    region: str,
    grants: Sequence[Grant],
    *,
    now: float,
    expires: int,
) -> dict[str, Any]:
    """Sign URLs, for :class:`SignedNames`.

    The result is for messages, and a secret until it expires: do not log it.

    :param url: of the bucket
    :param expires: in seconds since the epoch
    """
    at = datetime.datetime.fromtimestamp(now, datetime.UTC)
    time, date = at.strftime('%Y%m%dT%H%M%SZ'), at.strftime('%Y%m%d')
    scope = f'{date}/{region}/s3/aws4_request'
    query = {
        'X-Amz-Algorithm': _ALGORITHM,
        'X-Amz-Credential': f'{keys.access_key}/{scope}',
        'X-Amz-Date': time,
        'X-Amz-Expires': str(min(LONGEST, expires - int(now))),
        'X-Amz-SignedHeaders': 'host',
    }
    if keys.token:
        query['X-Amz-Security-Token'] = keys.token
    key = f'AWS4{keys.secret_key}'.encode()
    for word in scope.split('/'):
        key = _hmac(key, word)

    def signature(method: str, path: str) -> str:
        text = _canonical(method, url, path, query)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return _hmac(key, f'{_ALGORITHM}\n{time}\n{scope}\n{digest}').hex()

    return {
        'storage_url': url,
        'query': query,
        'rows': [
            {
                'method': grant.method,
                'container': grant.container,
                **dataclasses.asdict(grant.names),
                'signatures': [
                    signature(grant.method, f'{grant.container}/{name}')
                    for name in grant.names
                ],
            }
            for grant in grants
        ],
    }


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical(
    method: str, url: str, path: str, query: Mapping[str, str]
) -> str:
    parts = parse.urlsplit(url)
    words = parse.urlencode(sorted(query.items()), quote_via=parse.quote)
    return '\n'.join(
        (
            method,
            f'{parts.path}/{parse.quote(path)}',
            # A slash is quoted there.
            words.replace('/', '%2F'),
            f'host:{parts.netloc}\n',
            'host',
            'UNSIGNED-PAYLOAD',
        )
    )


class SignedNames(access.Access):
    """A result of :func:`sign`: some methods for some names."""

    is_owner = False

    def __init__(self, signed: Mapping[str, Any]) -> None:
        super().__init__(signed['storage_url'])
        self._signed = signed

    def renew(self, signed: Mapping[str, Any]) -> None:
        """Use others from the next request on; safe from any thread."""
        self._signed = signed

    def plugin(self) -> None:
        return None

    def permits(self, method: str, container: str, name: str) -> bool:
        return self._find(method, container, name) is not None

    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        signature = self._find(method, container, name)
        if signature is None:
            raise access.not_signed(method, container, name)
        return {**self._signed['query'], 'X-Amz-Signature': signature}

    def _find(self, method: str, container: str, name: str) -> str | None:
        for row in self._signed['rows']:
            if (row['method'], row['container']) != (method, container):
                continue
            found = numbered.Names(
                row['before'], row['after'], row['first'], row['count']
            ).index(name)
            if found is not None:
                return str(row['signatures'][found])
        return None
