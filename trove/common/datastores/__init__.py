# SPDX-License-Identifier: Apache-2.0
"""Rules of a datastore that the API and guest agents share.

The API asks before it takes an order, the guest agent before it carries one
out, so that no order is taken that is then refused. Each datastore has a
module here with its :class:`Rules`; add it to ``_RULES``.
"""

from __future__ import annotations

from collections.abc import Iterable

from trove.common import drivers
from trove.common import exception
from trove.common import names
from trove.common.datastores import mysql
from trove.common.datastores import postgresql
from trove.common.datastores import rules as _rules

Rules = _rules.Rules
ANY_HOST = _rules.ANY_HOST

#: Of the entry points of datastore drivers, for those of other packages.
NAMESPACE = 'trove.guestagent.datastores'

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


def check_manager(field: str, name: str) -> None:
    """Check that there is a driver for the manager of a datastore version.

    :param field: where the name was given
    :raises BadRequest: there is none, so no guest agent would start
    """
    known = drivers.names(NAMESPACE) | set(_RULES)
    if name not in known:
        raise exception.BadRequest(
            f'{field} is {names.show(name)}, for which there is no driver; '
            f'use one of {", ".join(sorted(known))}. Of a driver in a package '
            'of its own, install that package here as well as in the image.'
        )
