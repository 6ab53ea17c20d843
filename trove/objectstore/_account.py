# SPDX-License-Identifier: Apache-2.0
"""The requests to Swift."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import json

import requests

from trove.common import exception
from trove.objectstore import _http
from trove.objectstore import _manifests
from trove.objectstore import base
from trove.objectstore import errors

META = 'x-object-meta-'
PAGE = 1000

_LINK = 'X-Symlink-Target'
#: Errors of malformed answers.
_MALFORMED = (AttributeError, LookupError, TypeError, ValueError)


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
    ) -> Iterator[base.Part]:
        """Yield the first parts of an object, as Swift has them.

        What was just stored may be missing in the list of a container. The
        first one that is missing is the last that is looked for.
        """
        listed = self._items(container, f'{name}_')
        found = next(listed, None)
        for each in range(number):
            wanted = _manifests.part_name(name, each)
            while found is not None and found.name < wanted:
                found = next(listed, None)
            if found is not None and found.name == wanted:
                yield found
            else:
                yield self.part(container, wanted)

    def part(self, container: str, name: str) -> base.Part:
        """Return an object as a part."""
        found = self.head(container, name)
        return base.Part(name, etag(found), size(found))

    def head(self, container: str, name: str) -> requests.Response:
        """Return the answer for an object, but not for the one it links to.

        A link may lead to the account of somebody else, which the services
        may read as well.
        """
        action = f'find {container}/{name}'
        answer = self.request(
            'HEAD', container, name, action=action, query={'symlink': 'get'}
        )
        if _LINK in answer.headers:
            raise errors.refused(
                action,
                'it is a link to another object, which Trove has not stored',
            )
        return answer

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
        action = f'read the manifest {container}/{name}'
        answer = self.request(
            'GET',
            container,
            name,
            action=action,
            query={'multipart-manifest': 'get'},
        )
        try:
            return [
                (
                    base.Part(
                        item['name'].split('/', 2)[2],
                        str(item['hash']),
                        int(item['bytes']),
                    ),
                    bool(item.get('sub_slo')),
                )
                for item in answer.json()
            ]
        except _MALFORMED as error:
            # Swift knows entries with data instead of an object.
            raise errors.damaged(
                action, 'it has an entry that Trove does not write'
            ) from error

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

    def entries(
        self, container: str, prefix: str
    ) -> Iterator[base.Entry]:
        for item in self._items(container, prefix):
            yield base.Entry(item.name, item.size)

    def _items(self, container: str, prefix: str) -> Iterator[base.Part]:
        """Yield the objects in the list of a container."""
        action = f'list {container}'
        query = {'format': 'json', 'prefix': prefix, 'limit': str(PAGE)}
        while True:
            try:
                answer = self.request(
                    'GET', container, action=action, query=query
                )
            except exception.ObjectMissing:
                return
            page = _page(answer, action)
            yield from page
            if len(page) < PAGE:
                return
            if page[-1].name <= query.get('marker', ''):
                raise errors.unreachable(
                    action, f'the list does not go on after {page[-1].name}'
                )
            query['marker'] = page[-1].name


def _page(answer: requests.Response, action: str) -> list[base.Part]:
    try:
        return [
            base.Part(
                str(item['name']), str(item['hash']), int(item['bytes'])
            )
            for item in (answer.json() if answer.content else ())
        ]
    except _MALFORMED as error:
        raise errors.unreachable(
            action, f'malformed answer: {error!r}'
        ) from error


def etag(answer: requests.Response) -> str:
    """Return the checksum of an object; those of large ones are quoted."""
    return answer.headers.get('ETag', '').strip('"')


def size(answer: requests.Response) -> int:
    """Return the size of an object.

    :raises trove.common.exception.ObjectStoreUnreachable: it has none
    """
    said = answer.headers.get('Content-Length', '')
    if not said.isdecimal():
        raise errors.unreachable(
            'show the size of an object', f'it answered {said[:40]!r}'
        )
    return int(said)


def _headers(
    metadata: Mapping[str, str], delete_after: int | None
) -> dict[str, str]:
    headers = {f'{META}{key}': value for key, value in metadata.items()}
    if delete_after is not None:
        headers['X-Delete-After'] = str(delete_after)
    return headers
