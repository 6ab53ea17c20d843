# SPDX-License-Identifier: Apache-2.0
"""Who may use Swift: somebody with a token, or with signed URLs."""

from __future__ import annotations

import abc
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
import hmac
from typing import Any
from urllib import parse

from keystoneauth1 import plugin

from trove.common import exception
from trove.objectstore import errors


class Access(abc.ABC):
    """What lets a request through.

    :ivar storage_url: of the account, without a slash at its end
    :ivar is_owner: whether everything in the account may be done, or only
        what was signed
    """

    is_owner: bool

    def __init__(self, storage_url: str) -> None:
        self.storage_url = storage_url.rstrip('/')

    @abc.abstractmethod
    def plugin(self) -> plugin.BaseAuthPlugin | None:
        """Return what puts a token into requests."""

    @abc.abstractmethod
    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        """Return what the query of a request needs.

        :raises trove.common.exception.ObjectStoreDenied: it was not signed
        """


class Token(Access):
    """A token, and where to get the next one.

    :param source: returns a valid token; called again when Swift does not
        take the last one any more
    """

    is_owner = True

    def __init__(self, storage_url: str, source: Callable[[], str]) -> None:
        super().__init__(storage_url)
        self._plugin = _TokenPlugin(source)

    def plugin(self) -> plugin.BaseAuthPlugin:
        return self._plugin

    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        return {}


class _TokenPlugin(plugin.BaseAuthPlugin):
    """Asks once, and once more after each 401."""

    def __init__(self, source: Callable[[], str]) -> None:
        super().__init__()
        self._source = source
        self._token: str | None = None

    def get_token(self, session: Any, **kwargs: Any) -> str:
        if self._token is None:
            self._token = self._source()
        return self._token

    def invalidate(self) -> bool:
        self._token = None
        return True


class SignedUrls(Access):
    """What :func:`sign` made: some methods on names that begin alike."""

    is_owner = False

    def __init__(self, signed: Mapping[str, Any]) -> None:
        super().__init__(signed['storage_url'])
        self._container: str = signed['container']
        self._prefix: str = signed['prefix']
        self._queries: Mapping[str, Mapping[str, str]] = signed['queries']

    def plugin(self) -> None:
        return None

    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        # Swift takes a HEAD with the signature of a GET or PUT.
        signed = self._queries.get(method) or (
            self._queries.get('GET') or self._queries.get('PUT')
            if method == 'HEAD'
            else None
        )
        inside = container == self._container and name.startswith(self._prefix)
        if not signed or not name or not inside:
            raise _not_signed(method, container, name)
        return signed


def _not_signed(
    method: str, container: str, name: str
) -> exception.ObjectStoreDenied:
    return errors.denied(
        f'{method} {container}/{name}', 'the TempURLs are not signed for this'
    )


def sign(
    storage_url: str,
    key: str,
    container: str,
    prefix: str,
    *,
    methods: Sequence[str],
    expires: int,
) -> dict[str, Any]:
    """Sign TempURLs for all objects of a container that begin alike.

    What is returned goes into messages as it is, and is as good as a
    password until it expires: keep it out of logs. Swift takes no manifests
    of large objects with it; see :meth:`.base.Store.assemble`.

    :param key: ``Temp-URL-Key`` of the account or the container
    :param methods: of GET, PUT and DELETE
    :param expires: in seconds since the epoch
    """
    url = storage_url.rstrip('/')
    path = parse.unquote(parse.urlsplit(url).path)
    queries = {}
    for method in methods:
        text = f'{method}\n{expires}\nprefix:{path}/{container}/{prefix}'
        digest = hmac.new(key.encode(), text.encode(), hashlib.sha256)
        queries[method] = {
            'temp_url_sig': digest.hexdigest(),
            'temp_url_expires': str(expires),
            'temp_url_prefix': prefix,
        }
    return {
        'storage_url': url,
        'container': container,
        'prefix': prefix,
        'queries': queries,
    }
