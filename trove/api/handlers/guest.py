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

#: Pages that are read at most when looking for a name.
_PAGES = 10000

Wire = dict[str, Any]
Lister = Callable[..., list[Any]]


@contextlib.contextmanager
def written_down(done: str) -> Iterator[None]:
    """Write down what a guest has done; say so when that fails.

    :param done: a clause; to ask for it once more must do no harm
    :raises ServiceUnavailable: it is done, and not written down
    """
    try:
        yield
    except Exception as error:
        known = errors.translate(error)
        raise exception.ServiceUnavailable(
            f'{done}, but that could not be recorded: {known} Repeat the '
            'request until it succeeds; that is safe.'
        ) from error


class Guest:
    """The guest of the instance that a request names.

    :raises InstanceNotFound: there is no such instance
    :raises InstanceBusy: it is doing something else
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
        """Return name and host that ``NAME[@HOST]`` in a path means.

        :raises UserNotFound: it is not a name that a user can have
        """
        name, host = names.split_user(self.rules, text)
        try:
            self.rules.check_user(name, new=False)
            self.rules.check_host(name, host)
        except exception.BadRequest:
            # Above all not one of the system's, which nobody may touch.
            raise exception.UserNotFound(name=text) from None
        return name, host

    def user(self, text: str) -> Wire:
        """Return the user that ``NAME[@HOST]`` in a path means.

        :raises UserNotFound: there is none, or it is one of the system's
        """
        name, host = self.user_name(text)
        found = self.client.get_user(
            self.context, username=name, hostname=host
        )
        if not found:
            raise exception.UserNotFound(name=text)
        return {**found, '_name': name, '_host': host}

    def require_databases(self, wanted: list[str]) -> None:
        """Return when all of these databases are there.

        :raises DatabaseNotFound: one is not, or is the system's
        """
        there = set(self.databases())
        for name in wanted:
            if name not in there or not self._is_usual(name):
                raise exception.DatabaseNotFound(name=name)

    def _is_usual(self, name: str) -> bool:
        try:
            self.rules.check_database(name, new=False)
        except exception.BadRequest:
            return False
        return True

    def _all(self, lister: Lister) -> list[Wire]:
        found: list[Wire] = []
        marker = None
        for _ in range(_PAGES):
            page, after = lister(self.context, limit=None, marker=marker)
            found.extend(page)
            if not after or after == marker:
                break
            marker = after
        return found
