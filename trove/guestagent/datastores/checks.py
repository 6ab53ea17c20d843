# SPDX-License-Identifier: Apache-2.0
"""Checks of the databases and users of an order, before any is created."""

from __future__ import annotations

from collections.abc import Sequence

from trove.common import datastores
from trove.common import exception
from trove.guestagent.datastores import base


def check_databases(
    rules: datastores.Rules, databases: Sequence[base.Database]
) -> None:
    """Check that all of them can be created.

    :raises trove.common.exception.BadRequest: one cannot
    """
    for database in databases:
        name = rules.check_database(database['_name'])
        rules.check_encoding(
            name, database.get('_character_set'), database.get('_collate')
        )


def check_users(
    rules: datastores.Rules, users: Sequence[base.User]
) -> None:
    """Check that all of them can be created.

    :raises trove.common.exception.BadRequest: one cannot
    """
    for user in users:
        name = rules.check_user(user['_name'])
        rules.check_host(name, user.get('_host'))
        if user.get('_password') is not None:
            rules.check_password(user['_password'])
        for database in user.get('_databases') or ():
            rules.check_database(database['_name'], new=False)


def check_granted(rules: datastores.Rules, names: Sequence[str]) -> None:
    """Check that all of them are names of databases of the customer.

    :raises trove.common.exception.DatabaseNotFound: one is not
    """
    for name in names:
        try:
            rules.check_database(name, new=False)
        except exception.BadRequest:
            raise exception.DatabaseNotFound(name=name) from None
