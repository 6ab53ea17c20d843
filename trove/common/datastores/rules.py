# SPDX-License-Identifier: Apache-2.0
"""The general rules for what is made in a database server."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
import re
from typing import TypeVar

from trove.common import exception
from trove.common import names
from trove.common.datastores import settings as _settings

#: The host of a user who may come from anywhere.
ANY_HOST = '%'

#: An address, a name, or a pattern of them, that can stand in a path.
_HOST = re.compile(r'[\w.:%-]{1,255}')

Self = TypeVar('Self', bound='Rules')


@dataclasses.dataclass(frozen=True)
class Rules:
    """The rules of one datastore.

    :ivar title: its name in errors
    :ivar longest: most of a name, in ``unit``
    :ivar unit: what the length of a name is counted in
    :ivar databases: names that the server or Trove keeps for itself
    :ivar users: names that the server or Trove keeps for itself
    :ivar prefixes: beginnings of user names that are kept likewise
    :ivar hosts: whether a user is known by name and host
    :ivar settings: what its configuration groups may have
    """

    title: str = 'this datastore'
    longest: int = 255
    unit: str = 'bytes of UTF-8'
    databases: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset({'os_admin', 'root'})
    prefixes: tuple[str, ...] = ()
    hosts: bool = True
    settings: _settings.Settings = _settings.Settings()

    def reserving(
        self: Self, databases: Iterable[str], users: Iterable[str]
    ) -> Self:
        """Return the rules with further names reserved."""
        return dataclasses.replace(
            self,
            databases=self.databases.union(databases),
            users=self.users.union(users),
        )

    def check_database(self, name: object, new: bool = True) -> str:
        """Return the name of a database that the customer may have.

        :param new: False for one that is there: it is reserved only as it
            is written, for the customer's own SQL may have made the others
        :raises BadRequest: the server cannot have it, or it is reserved
        """
        text = self._check('database', name)
        if _is_in(text, self.databases, new):
            raise _reserved('database', text)
        return text

    def check_user(self, name: object, new: bool = True) -> str:
        """Return the name of a user that the customer may have.

        :param new: as for :meth:`check_database`
        :raises BadRequest: the server cannot have it, or it is reserved
        """
        text = self._check('user', name)
        begins = (text.lower() if new else text).startswith(self.prefixes)
        if begins or _is_in(text, self.users, new):
            raise _reserved('user', text)
        return text

    def check_host(self, user: str, host: object) -> str:
        """Return the host that a user comes from, ``%`` for any.

        :raises BadRequest: it is not one, or users have none
        """
        if host in (None, '', ANY_HOST):
            return ANY_HOST
        if not self.hosts:
            raise exception.BadRequest(
                f'The user {names.show(user)} has the host '
                f'{names.show(str(host))}, but users of {self.title} have no '
                'hosts. Omit "host", and restrict the networks with "access" '
                'of the instance.'
            )
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            raise exception.BadRequest(
                f'The user {names.show(user)} has the host '
                f'{names.show(str(host))}. Give an IP address or a host '
                'name, with % for "any" and without a netmask.'
            )
        return host

    def check_password(self, password: object) -> str:
        """Return a password that a user may have.

        :raises BadRequest: it cannot be one; the error does not tell it
        """
        if not isinstance(password, str) or not password:
            raise exception.BadRequest(
                'The password is empty; use at least one character.'
            )
        if '\0' in password or not _is_unicode(password):
            raise exception.BadRequest(
                'The password contains the character U+0000, or is not valid '
                'Unicode. Remove the invalid characters.'
            )
        return password

    def check_encoding(
        self, database: str, character_set: str | None, collate: str | None
    ) -> None:
        """Return when a database can have character set and collation.

        :raises BadRequest: there is no such one, or they do not fit
        """

    def _check(self, what: str, name: object) -> str:
        if not isinstance(name, str) or not name.strip():
            raise exception.BadRequest(
                f'The name of the {what} is missing or blank; provide a name.'
            )
        if '\0' in name:
            raise exception.BadRequest(
                f'The name of the {what} contains the character U+0000. '
                'Remove it.'
            )
        if not _is_unicode(name):
            raise exception.BadRequest(
                f'The name of the {what} is {names.show(name)}, which is not '
                'valid Unicode text.'
            )
        if self._length(name) > self._longest(what):
            raise exception.BadRequest(
                f'The name of the {what} {names.show(name)} is too long: '
                f'{self.title} allows at most {self._longest(what)} '
                f'{self.unit}. Choose a shorter one.'
            )
        return name

    def _longest(self, what: str) -> int:
        return self.longest

    def _length(self, name: str) -> int:
        return len(name.encode())


def _is_in(name: str, reserved: frozenset[str], new: bool) -> bool:
    if new:
        return name.lower() in {each.lower() for each in reserved}
    return name in reserved


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _reserved(what: str, name: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'The name {names.show(name)} is reserved by the datastore or by '
        f'Trove; choose another one for the {what}.'
    )
