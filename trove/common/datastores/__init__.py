# SPDX-License-Identifier: Apache-2.0
"""Rules of a datastore that the API and guest agents share.

The API asks before it takes an order, the guest agent before it carries one
out, so that no order is taken that is then refused. Each datastore has a
module here with its :class:`Rules`; add it to ``_RULES``.
"""

from __future__ import annotations

from collections.abc import Iterable

from trove.common.datastores import mysql
from trove.common.datastores import postgresql
from trove.common.datastores import rules as _rules

Rules = _rules.Rules
ANY_HOST = _rules.ANY_HOST

#: By the manager of the datastore version; others get the general ones.
_RULES: dict[str, Rules] = {
    'mariadb': mysql.MariaDB(),
    'mysql': mysql.MySQL(),
    'postgresql': postgresql.PostgreSQL(),
}


def rules(
    manager: str, databases: Iterable[str] = (), users: Iterable[str] = ()
) -> Rules:
    """Return the rules for the manager of a datastore version.

    :param databases: further names that the operator reserves
    :param users: further names that the operator reserves
    """
    return _RULES.get(manager, Rules()).reserving(databases, users)
