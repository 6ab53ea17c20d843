# SPDX-License-Identifier: Apache-2.0
"""The storage driver ``swift``.

Backups are in the account of the project that owns the instance, as in
released Trove. The services use it as the user of ``[service_credentials]``,
guest agents with TempURLs.
"""

from __future__ import annotations

from collections.abc import Sequence
import time
from typing import Any

from keystoneauth1 import session as ks_session

from trove.common import context as trove_context
from trove.common import credentials
from trove.common import exception
from trove.common import numbered
from trove.objectstore import _keys
from trove.objectstore import _storage
from trove.objectstore import access
from trove.objectstore import base
from trove.objectstore import errors
from trove.objectstore import loading
from trove.objectstore import swift
from trove.objectstore import tokens


class SwiftStorage(_storage.Storage):
    """Swift, with TempURLs for guest agents."""

    name = 'swift'

    def store(self, location: str | None = None) -> swift.SwiftStore:
        session = credentials.session(self._conf)
        url = self._account(session, location)
        return self._open(access.Token(url, _Tokens(session)))

    def _open(self, who: access.Access) -> swift.SwiftStore:
        store = loading.load(self._conf, self.name, who)
        assert isinstance(store, swift.SwiftStore)
        return store

    def _account(
        self, session: ks_session.Session, location: str | None
    ) -> str:
        """Return the URL of the account of an object, or of new ones."""
        urls = self._accounts(session)
        # The address of Swift may have changed since.
        return next((u for u in urls if _is_in(u, location or '')), urls[0])

    def _accounts(self, session: ks_session.Session) -> list[str]:
        """Return the URLs of the project's account, that to write to first.

        :raises ConfigurationError: nothing tells them
        """
        conf = self._conf
        if conf.swift_url:
            return [f'{conf.swift_url}{self._project_id}']
        region = conf.os_region_name or conf.service_credentials.region_name
        found = credentials.endpoints(
            session, conf.swift_service_type, conf.swift_endpoint_type
        )
        with credentials.explained():
            mine = session.get_project_id() or ''
        urls = [
            url.replace(mine, self._project_id)
            for url, where in sorted(found, key=lambda e: e[1] != region)
            if mine and mine in url
        ]
        if not urls or region not in [where for _, where in found]:
            raise loading.unknown_url(conf)
        return urls

    def writing(
        self,
        container: str,
        name: str,
        *,
        size: int,
        parent: str | None = None,
    ) -> dict[str, Any]:
        signed, expires = self._sign(container, [name], ('PUT', 'DELETE'))
        heads = [self.store().head(parent)] if parent else []
        return self._access(signed, heads) | {'expires': expires}

    def appending(
        self, container: str, prefix: str, names: Sequence[numbered.Names]
    ) -> dict[str, Any]:
        # A guest that somebody has taken over must not change the past.
        prefixes = [begin for each in names for begin in each.prefixes()]
        signed, expires = self._sign(container, prefixes, ('PUT',))
        return self._access(signed, []) | {'expires': expires}

    def publishing(
        self, container: str, prefix: str, *, size: int
    ) -> dict[str, Any]:
        signed, expires = self._sign(container, [prefix], ('PUT',))
        return self._access(signed, []) | {'expires': expires}

    def _sign(
        self, container: str, prefixes: Sequence[str], methods: Sequence[str]
    ) -> tuple[list[dict[str, Any]], int]:
        """Return TempURLs to write, and when they expire."""
        now = time.time()
        expires = int(now) + self._conf.objectstore.signed_lifetime
        store = self.store()
        signed = store.sign(
            container, prefixes, methods=methods, expires=expires
        )
        store.rotate(container, now)
        return signed, expires

    def reading(self, heads: Sequence[base.Head]) -> dict[str, Any]:
        store = self.store(heads[0].location)
        expires = self._end_of_reading()
        signed = [
            store.sign_reading(head.location, expires=expires)
            for head in heads
        ]
        return self._access(signed, heads)

    def reading_all(
        self, container: str, prefix: str, names: numbered.Names
    ) -> dict[str, Any]:
        signed = self.store().sign(
            container,
            [prefix],
            methods=('GET',),
            expires=self._end_of_reading(),
        )
        return self._access(signed, [])

    def _end_of_reading(self) -> int:
        lifetime: int = min(self._conf.restore_usage_timeout, _keys.AGE)
        return int(time.time()) + lifetime

    def _access(
        self, signed: Sequence[dict[str, Any]], heads: Sequence[base.Head]
    ) -> dict[str, Any]:
        return {
            'driver': self.name,
            'signed': signed,
            'known': _storage.known(heads),
            'settings': loading.swift_settings(self._conf),
        }

    def check(self, context: trove_context.TroveContext) -> None:
        # With their own token: the services may use all accounts.
        self._as(context, loading.storage_url(self._conf, context)).check()
        self.store().check()

    def head(
        self, context: trove_context.TroveContext, location: str
    ) -> base.Head:
        # Tokens are sent to no other address than one of these.
        for url in self._accounts(credentials.session(self._conf)):
            if _is_in(url, location):
                return self._as(context, url).head(location)
        raise exception.BadRequest(
            reason='restore_from.remote_location is not the URL of an object '
            f'in the account of project {self._project_id} in an object '
            'store of the service catalog.'
        )

    def _as(
        self, context: trove_context.TroveContext, url: str
    ) -> swift.SwiftStore:
        token = context.auth_token
        if not token:
            raise errors.denied(
                'show the account', 'the request has no token'
            )
        return self._open(access.Token(url, lambda: token))

    def for_released(
        self,
        context: trove_context.TroveContext,
        location: str | None = None,
    ) -> dict[str, Any]:
        tokens.check(context, self._project_id)
        session = credentials.session(self._conf)
        return {'swift_url': self._account(session, location)}


class _Tokens:
    """Returns the token of a session, and after that other ones."""

    def __init__(self, session: ks_session.Session) -> None:
        self._session = session
        self._used = False

    def __call__(self) -> str:
        with credentials.explained():
            if self._used:
                self._session.invalidate()
            self._used = True
            return str(self._session.get_token())


def _is_in(url: str, location: str) -> bool:
    return location.startswith(url.rstrip('/') + '/')
