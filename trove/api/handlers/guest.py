# SPDX-License-Identifier: Apache-2.0
"""Access to the guest agent for databases, users and grants."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import Any

from trove.api import errors
from trove.api import names
from trove.api import request as api_request
from trove.common import exception
from trove.guestagent import api as guest_api
from trove.objects.instance import entities

#: Maximum number of pages that are read to find a name.
_MAX_PAGES = 10000

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
        return [d['_name'] for d in self._all(self.client.list_databases)]

    def users(self) -> list[tuple[str, str]]:
        """Return name and host of all users."""
        return [
            (u['_name'], u.get('_host') or names.ANY_HOST)
            for u in self._all(self.client.list_users)
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

    def _all(self, lister: Lister) -> list[Wire]:
        found: list[Wire] = []
        marker = None
        for _ in range(_MAX_PAGES):
            page, after = lister(self.context, limit=None, marker=marker)
            found.extend(page)
            if not after or after == marker:
                break
            marker = after
        return found
