# SPDX-License-Identifier: Apache-2.0
"""Which names of databases and users a datastore takes.

A name with quotes, blanks, dots or SQL in it is legal where the datastore
quotes identifiers; it is passed on as it is. What cannot work, or belongs to
Trove or to the server itself, is refused before a message is sent.
"""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any

from trove.common import exception


@dataclasses.dataclass(frozen=True)
class Rules:
    """The rules of one datastore.

    :ivar longest: most bytes of a name in UTF-8
    :ivar prefixes: beginnings of user names that the server keeps for itself
    :ivar hosts: whether a user is known by name and host
    """

    longest: int = 255
    databases: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset({'os_admin', 'root'})
    prefixes: tuple[str, ...] = ()
    hosts: bool = True


#: By the manager of the datastore version; others get the defaults.
RULES = {
    'postgresql': Rules(
        longest=63,
        databases=frozenset(
            {'os_admin', 'postgres', 'template0', 'template1'}
        ),
        users=frozenset(
            {'none', 'os_admin', 'postgres', 'public', 'replicator', 'root'}
        ),
        prefixes=('pg_',),
        hosts=False,
    ),
}

#: The host of a user who may come from anywhere.
ANY_HOST = '%'


def rules(manager: str) -> Rules:
    """Return the rules for a datastore's manager."""
    return RULES.get(manager, Rules())


def split_user(rule: Rules, text: str) -> tuple[str, str]:
    """Return name and host of ``NAME[@HOST]`` in a path.

    Where users have no hosts, an ``@`` belongs to the name, except for the
    host that stands for any.
    """
    name, at, host = text.rpartition('@')
    if at and name and (rule.hosts or host == ANY_HOST):
        return name, host or ANY_HOST
    return text, ANY_HOST


def check_database(rule: Rules, name: str) -> str:
    """Return the name of a database that may be made.

    :raises BadRequest: it is too long or reserved
    """
    _check(rule, 'database', name)
    if name.lower() in rule.databases:
        raise _reserved('database', name)
    return name


def check_user(rule: Rules, name: str, host: str | None) -> tuple[str, str]:
    """Return name and host of a user that may be made.

    :raises BadRequest: the name is too long or reserved, or the datastore
        does not know hosts
    """
    _check(rule, 'user', name)
    lower = name.lower()
    if lower in rule.users or lower.startswith(rule.prefixes or ('\0',)):
        raise _reserved('user', name)
    if host in (None, ANY_HOST):
        return name, ANY_HOST
    if not rule.hosts:
        raise exception.BadRequest(
            f'The user "{name}" has the host "{host}", but users of this '
            'datastore have no hosts. Leave "host" out, and restrict the '
            'networks with "access" of the instance.'
        )
    return name, str(host)


def check_new(
    rule: Rules,
    databases: Iterable[dict[str, Any]],
    users: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return databases and users as guests want them.

    :param databases: as in a request: name, character_set, collate
    :param users: as in a request: name, password, host, databases
    :raises BadRequest: a name is refused or given twice
    """
    wire_databases: dict[str, dict[str, Any]] = {}
    for item in databases:
        name = check_database(rule, item['name'])
        if name in wire_databases:
            raise _twice('database', name)
        wire_databases[name] = {
            '_name': name,
            '_character_set': item.get('character_set'),
            '_collate': item.get('collate'),
        }
    wire_users: dict[tuple[str, str], dict[str, Any]] = {}
    for item in users:
        key = check_user(rule, item['name'], item.get('host'))
        if key in wire_users:
            raise _twice('user', key[0])
        wire_users[key] = {
            '_name': key[0],
            '_host': key[1],
            '_password': item['password'],
            '_databases': [
                {'_name': check_database(rule, database['name'])}
                for database in item.get('databases', ())
            ],
        }
    return list(wire_databases.values()), list(wire_users.values())


def check_grants(
    users: Iterable[dict[str, Any]], known: Iterable[str]
) -> None:
    """Return when each user's databases are among the known ones.

    :param users: as guests want them
    :raises BadRequest: a user is to get a database that is not there
    """
    there = set(known)
    for user in users:
        for database in user['_databases']:
            if database['_name'] not in there:
                raise exception.BadRequest(
                    f'The user "{user["_name"]}" is to use the database '
                    f'"{database["_name"]}", which does not exist. Create '
                    'it first, or name it under "databases".'
                )


def _check(rule: Rules, what: str, name: str) -> None:
    if '\x00' in name:
        raise exception.BadRequest(
            f'The name of the {what} holds the character U+0000. Remove it.'
        )
    if not name.strip():
        raise exception.BadRequest(
            f'The name of the {what} is blank; give it a name.'
        )
    if len(name.encode('utf-8', 'surrogatepass')) > rule.longest:
        raise exception.BadRequest(
            f'The name of the {what} "{name[:20]}…" is too long: this '
            f'datastore takes at most {rule.longest} bytes of UTF-8.'
        )


def _reserved(what: str, name: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'The name "{name}" is reserved by the datastore or by Trove; '
        f'choose another one for the {what}.'
    )


def _twice(what: str, name: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'The {what} "{name}" is named twice in the request; name it once.'
    )
