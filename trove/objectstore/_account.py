# SPDX-License-Identifier: Apache-2.0
"""The requests to Swift."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import json
from typing import Any

import requests

from trove.common import exception
from trove.objectstore import _http
from trove.objectstore import _manifests
from trove.objectstore import base
from trove.objectstore import errors

META = 'x-object-meta-'
PAGE = 1000


class Account(_http.Http):
    """The containers and objects of an account."""

    def make_container(self, container: str) -> None:
        self.request('PUT', container, action=f'create container {container}')

    def check(self) -> None:
        """Return when the account can be used."""
        self.request('HEAD', '', action='show the account')

    def show_container(self, container: str) -> Mapping[str, str]:
        """Return the headers of a container."""
        answer = self.request('HEAD', container, action=f'find {container}')
        return answer.headers

    def set_container(
        self, container: str, headers: Mapping[str, str]
    ) -> None:
        """Change some headers of a container, all or none."""
        action = f'set the keys for TempURLs of container {container}'
        self.request('POST', container, action=action, headers=headers)

    def parts(
        self, container: str, name: str, number: int
    ) -> list[base.Part]:
        """Return the first parts of an object, as Swift has them.

        What was just stored may be missing in the list of a container.
        """
        listed = {
            item['name']: base.Part(item['name'], item['hash'], item['bytes'])
            for item in self._items(container, f'{name}_')
        }
        names = [_manifests.part_name(name, each) for each in range(number)]
        return [
            listed.get(each) or self._part(container, each) for each in names
        ]

    def _part(self, container: str, name: str) -> base.Part:
        found = self.head(container, name)
        size = int(found.headers['Content-Length'])
        return base.Part(name, etag(found), size)

    def head(self, container: str, name: str) -> requests.Response:
        return self.request(
            'HEAD', container, name, action=f'find {container}/{name}'
        )

    def put(
        self,
        container: str,
        name: str,
        data: bytearray,
        checksum: str,
        metadata: Mapping[str, str],
        delete_after: int | None = None,
    ) -> None:
        """Store an object of a single part, verified by Swift."""
        self.request(
            'PUT',
            container,
            name,
            action=f'store {container}/{name}',
            headers={'ETag': checksum, **_headers(metadata, delete_after)},
            data=data,
        )

    def put_manifest(
        self,
        container: str,
        name: str,
        parts: Sequence[base.Part],
        metadata: Mapping[str, str],
        delete_after: int | None = None,
    ) -> base.Part:
        """Assemble an object from parts, verified by Swift."""
        listed = [
            {
                'path': f'/{container}/{part.name}',
                'etag': part.checksum,
                'size_bytes': part.size,
            }
            for part in parts
        ]
        action = f'assemble {container}/{name}'
        try:
            answer = self.request(
                'PUT',
                container,
                name,
                action=action,
                query={'multipart-manifest': 'put'},
                headers=_headers(metadata, delete_after),
                data=json.dumps(listed).encode(),
            )
        except exception.ObjectRefused as error:
            # It names the parts that are missing or do not match.
            raise errors.damaged(action, error.values['reason']) from error
        checksum = _manifests.checksum(parts)
        if etag(answer) != checksum:
            raise errors.damaged(
                action,
                f'its checksum is {etag(answer)} instead of {checksum}',
            )
        return base.Part(name, checksum, sum(part.size for part in parts))

    def listed(
        self, container: str, name: str
    ) -> list[tuple[base.Part, bool]]:
        """Return the entries of a manifest, and which are manifests."""
        answer = self.request(
            'GET',
            container,
            name,
            action=f'read the manifest {container}/{name}',
            query={'multipart-manifest': 'get'},
        )
        return [
            (
                base.Part(
                    item['name'].split('/', 2)[2], item['hash'], item['bytes']
                ),
                bool(item.get('sub_slo')),
            )
            for item in answer.json()
        ]

    def manifest_limit(self) -> int:
        """Return the maximum number of parts in a manifest."""
        slo = self.info().get('slo')
        limit = slo.get('max_manifest_segments') if slo else None
        return limit if isinstance(limit, int) and limit > 1 else PAGE

    def delete_one(self, container: str, name: str) -> None:
        """Delete an object, but not its parts."""
        try:
            self.request(
                'DELETE', container, name, action=f'delete {container}/{name}'
            )
        except exception.ObjectMissing:
            pass  # It is gone already.

    def delete_large(self, container: str, name: str) -> None:
        """Delete a large object with all its parts.

        Swift refuses more than ten manifests in one request, so each is
        deleted separately.
        """
        action = f'delete {container}/{name}'
        for part, is_manifest in self.listed(container, name):
            if is_manifest:
                with contextlib.suppress(exception.ObjectMissing):
                    self.delete_large(container, part.name)
        answer = self.request(
            'DELETE',
            container,
            name,
            action=action,
            query={'multipart-manifest': 'delete'},
            headers={'Accept': 'application/json'},
        )
        try:
            said = answer.json()
            status = said['Response Status']
        except (KeyError, TypeError, ValueError) as error:
            raise errors.unreachable(
                action, f'malformed answer: {error!r}'
            ) from error
        if not status.startswith(('2', '404')):
            failed = said.get('Errors')
            raise errors.unreachable(action, f'{status}, errors {failed}')

    def entries(
        self, container: str, prefix: str
    ) -> Iterator[base.Entry]:
        for item in self._items(container, prefix):
            yield base.Entry(item['name'], item['bytes'])

    def _items(
        self, container: str, prefix: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the objects in the list of a container."""
        query = {'format': 'json', 'prefix': prefix, 'limit': str(PAGE)}
        while True:
            try:
                answer = self.request(
                    'GET', container, action=f'list {container}', query=query
                )
            except exception.ObjectMissing:
                return
            page = answer.json() if answer.content else []
            yield from page
            if len(page) < PAGE:
                return
            query['marker'] = page[-1]['name']


def etag(answer: requests.Response) -> str:
    """Return the checksum of an object; those of large ones are quoted."""
    return answer.headers.get('ETag', '').strip('"')


def _headers(
    metadata: Mapping[str, str], delete_after: int | None
) -> dict[str, str]:
    headers = {f'{META}{key}': value for key, value in metadata.items()}
    if delete_after is not None:
        headers['X-Delete-After'] = str(delete_after)
    return headers
