# SPDX-License-Identifier: Apache-2.0
"""Access to Swift, with a token or with signed URLs."""

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
    """The credentials of requests.

    :ivar storage_url: of the account, without a trailing slash
    :ivar is_owner: whether all requests to the account are permitted, or only
        signed ones
    """

    is_owner: bool

    def __init__(self, storage_url: str) -> None:
        self.storage_url = storage_url.rstrip('/')

    @abc.abstractmethod
    def plugin(self) -> plugin.BaseAuthPlugin | None:
        """Return the plugin that adds a token to requests."""

    @abc.abstractmethod
    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        """Return the query parameters of a request.

        :raises trove.common.exception.ObjectStoreDenied: it was not signed
        """


class Token(Access):
    """A token, with a source of further ones.

    :param source: returns a valid token; called again when Swift refuses the
        last one
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
    """Gets a token once, and a new one after each 401."""

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
    """Results of :func:`sign`: some methods for some prefixes of names.

    :param signed: at least one, all of one account
    """

    is_owner = False

    def __init__(self, signed: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(signed[0]['storage_url'])
        self._signed = signed

    def renew(self, signed: Sequence[Mapping[str, Any]]) -> None:
        """Use others from the next request on; safe from any thread."""
        self._signed = signed

    def plugin(self) -> None:
        return None

    def query(
        self, method: str, container: str, name: str
    ) -> Mapping[str, str]:
        # Swift accepts the signature of a GET or PUT for a HEAD.
        also = ('GET', 'PUT') if method == 'HEAD' else ()
        for each in self._signed:
            inside = container == each['container'] and name.startswith(
                each['prefix']
            )
            for wanted in (method, *also) if inside and name else ():
                if wanted in each['queries']:
                    found: Mapping[str, str] = each['queries'][wanted]
                    return found
        raise not_signed(method, container, name)


def not_signed(
    method: str, container: str, name: str
) -> exception.ObjectStoreDenied:
    """Return the error for a request that is not signed."""
    return errors.denied(
        f'{method} {container}/{name}', 'the signed URLs do not permit this'
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
    """Sign TempURLs for all objects of a container with a prefix.

    The result is for messages, and a secret until it expires: do not log it.
    Swift refuses manifests of large objects with it; see
    :meth:`.base.Store.assemble`.

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
