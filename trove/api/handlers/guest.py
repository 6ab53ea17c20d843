# SPDX-License-Identifier: Apache-2.0
"""Access to the guest agent for databases, users and grants."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import time
from typing import Any

from trove.api import errors
from trove.api import names
from trove.api import request as api_request
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import entities

#: Limits of a list that is read to find a name: seconds for all of its pages,
#: characters of all names, and how many each costs besides.
_PAGES_TIMEOUT = 120.0
_MOST_TEXT = 32 << 20
_OVERHEAD = 100

Wire = dict[str, Any]
Lister = Callable[..., list[Any]]


@contextlib.contextmanager
def recorded(done: str) -> Iterator[None]:
    """Convert errors of recording what a guest has done.

    :param done: a clause, such as "Root is disabled"; the request must be
        idempotent
    :raises Conflict: another request has done something else meanwhile
    :raises ServiceUnavailable: it is done, but was not recorded
    """
    try:
        yield
    except exception.Conflict:
        raise
    except Exception as error:
        known = errors.translate(error)
        raise exception.ServiceUnavailable(
            f'{done}, but that could not be recorded: {known} Repeat the '
            'request until it succeeds; that is safe.'
        ) from error


class Guest:
    """The guest of the instance of a request.

    :raises InstanceNotFound: there is no such instance
    :raises InstanceBusy: a task is running
    :raises Unprocessable: its database does not run
    """

    def __init__(self, request: api_request.Request) -> None:
        self.context = request.context
        self.instance: entities.Instance = request.instance()
        self.instance.require_available()
        self.client: guest_api.API = request.guest(self.instance.id)
        version = self.instance.datastore_version
        self.rules = names.rules(
            version.manager or '' if version else '', request.runtime.conf
        )

    def databases(self) -> list[str]:
        """Return the names of all databases."""
        return [name for name, _ in self._all(self.client.list_databases)]

    def users(self) -> list[tuple[str, str]]:
        """Return name and host of all users."""
        return [
            (name, host or names.ANY_HOST)
            for name, host in self._all(self.client.list_users)
        ]

    def user_name(self, text: str) -> tuple[str, str]:
        """Return name and host of ``NAME[@HOST]`` in a path.

        :raises UserNotFound: the name is invalid, or a system user's
        """
        name, host = names.split_user(self.rules, text)
        try:
            self.rules.check_user(name, new=False)
            self.rules.check_host(name, host)
        except exception.BadRequest:
            # 404 as for unknown users: system users must stay hidden.
            raise exception.UserNotFound(name=text) from None
        return name, host

    def user(self, text: str) -> Wire:
        """Return the user of ``NAME[@HOST]`` in a path.

        :raises UserNotFound: there is none, or it is a system user
        """
        name, host = self.user_name(text)
        found = self.client.get_user(
            self.context, username=name, hostname=host
        )
        if not found:
            raise exception.UserNotFound(name=text)
        return {**found, '_name': name, '_host': host}

    def require_databases(self, wanted: list[str]) -> None:
        """Check that databases exist.

        :raises DatabaseNotFound: one does not, or is a system database
        """
        there = set(self.databases())
        for name in wanted:
            if name not in there or not self._is_valid(name):
                raise exception.DatabaseNotFound(name=name)

    def _is_valid(self, name: str) -> bool:
        try:
            self.rules.check_database(name, new=False)
        except exception.BadRequest:
            return False
        return True

    def _all(self, lister: Lister) -> Iterator[tuple[str, str]]:
        """Yield name and host of what a guest lists, page after page.

        :raises PeerError: it is malformed, or there is no end of it
        """
        until = time.monotonic() + _PAGES_TIMEOUT
        left, marker = _MOST_TEXT, None
        while True:
            page, after = lister(self.context, limit=None, marker=marker)
            for item in page:
                name, host = item.get('_name'), item.get('_host') or ''
                if not isinstance(name, str) or not isinstance(host, str):
                    raise self._nonsense('an entry has no name')
                left -= _OVERHEAD + len(name) + len(host)
                yield name, host
            if not after or after == marker:
                return
            if left < 0 or time.monotonic() > until:
                raise self._nonsense('the list has no end')
            marker = after

    def _nonsense(self, reason: str) -> exception.PeerError:
        return exception.PeerError(
            peer=f'guest agent of instance {self.instance.id}',
            method='a list',
            remote_type='malformed answer',
            reason=f'{reason}. Check the guest agent',
        )
