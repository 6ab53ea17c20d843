# SPDX-License-Identifier: Apache-2.0
"""Which names of databases and users a request may give.

What a datastore takes is said by :mod:`trove.common.datastores`, what can be
addressed by :mod:`trove.common.names`: a name is held against both before a
message is sent. A name with quotes, blanks, dots or SQL in it is legal where
the datastore quotes identifiers; it is passed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from oslo_config import cfg

from trove.common import datastores
from trove.common import exception
from trove.common import names

ANY_HOST = datastores.ANY_HOST
Rules = datastores.Rules


def rules(manager: str, conf: cfg.ConfigOpts | None = None) -> Rules:
    """Return the rules for a datastore's manager.

    :param conf: its group of this manager may reserve further names
    """
    if conf is None or manager not in conf:
        return datastores.rules(manager)
    group = conf[manager]
    return datastores.rules(
        manager,
        group.ignore_dbs if 'ignore_dbs' in group else (),
        group.ignore_users if 'ignore_users' in group else (),
    )


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

    :raises BadRequest: it is too long or reserved, or cannot be addressed
    """
    return names.check('database', rule.check_database(name))


def check_user(rule: Rules, name: str, host: str | None) -> tuple[str, str]:
    """Return name and host of a user that may be made.

    :raises BadRequest: the name is too long or reserved or cannot be
        addressed, or the datastore does not know hosts
    """
    names.check('user', rule.check_user(name))
    if split_user(rule, name) != (name, ANY_HOST):
        raise exception.BadRequest(
            f'The name of the user is {names.show(name)}. In a path, the part '
            'after "@" would be the host; choose a name without it'
            + (', and give the host as "host".' if rule.hosts else '.')
        )
    return name, rule.check_host(name, host)


def check_new(
    rule: Rules,
    databases: Iterable[dict[str, Any]],
    users: Iterable[dict[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return databases and users as guests want them.

    :param databases: as in a request: name, character_set, collate
    :param users: as in a request: name, password, host, databases
    :raises BadRequest: a name, a password or an encoding is refused, or a
        name is given twice
    """
    wire_databases: dict[str, dict[str, Any]] = {}
    for item in databases:
        name = check_database(rule, item['name'])
        if name in wire_databases:
            raise _twice('database', name)
        rule.check_encoding(
            name, item.get('character_set'), item.get('collate')
        )
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
            '_password': rule.check_password(item['password']),
            '_databases': [
                {'_name': rule.check_database(database['name'], new=False)}
                for database in item.get('databases', ())
            ],
        }
    return list(wire_databases.values()), list(wire_users.values())


def check_known(
    rule: Rules, users: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return users that there may be, with new passwords.

    :param users: as in a request: name, password, host
    :raises BadRequest: one is reserved or named twice, or a password is
        refused
    """
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for item in users:
        name = rule.check_user(item['name'], new=False)
        host = rule.check_host(name, item.get('host'))
        if (name, host) in known:
            raise _twice('user', name)
        known[name, host] = {
            'name': name,
            'host': host,
            'password': rule.check_password(item['password']),
        }
    return list(known.values())


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
                    f'The user {names.show(user["_name"])} needs access to '
                    f'the database {names.show(database["_name"])}, which '
                    'does not exist. Create it first, or add it to '
                    '"databases".'
                )


def _twice(what: str, name: str) -> exception.BadRequest:
    return exception.BadRequest(
        f'The request has the {what} {names.show(name)} twice; name it once.'
    )
