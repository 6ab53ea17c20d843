# SPDX-License-Identifier: Apache-2.0
"""Validation of the URL of a database.

An unquoted reserved character in a password turns a part of the password
into the host or the path, which the errors of drivers and of SQLAlchemy then
show. The errors here show only the scheme of a URL.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from trove.common import exception

_FORM = (
    'Use mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE?charset=utf8mb4 or '
    'postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE; in USER and '
    'PASSWORD percent-encode all characters except letters, digits, "-", "." '
    'and "_", for example @ as %40.'
)


def check(option: str, url: str) -> None:
    """Check that a URL can be used to connect to a database.

    :param option: the option with the URL, for the error
    :raises ConfigurationError: it cannot; the error shows only the scheme
        of the URL
    """
    problem = _problem(url)
    if problem is not None:
        raise exception.ConfigurationError(
            option=option, value='(not shown)', remedy=f'{problem} {_FORM}'
        )


def _problem(text: str) -> str | None:
    try:
        url = sa.make_url(text)
    except ValueError:
        return 'its port is not a number.'
    except sa_exc.ArgumentError:
        return 'not a valid URL.'
    try:
        # The class only: SQLAlchemy has not imported its driver yet.
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except sa_exc.NoSuchModuleError:
        return f'unknown kind of database {ascii(url.drivername[:40])}.'
    except ImportError as error:
        return (
            f'the driver for {ascii(url.drivername[:40])} is not installed '
            f'({error.name}).'
        )
    if dialect.name == 'sqlite':
        if url.host:
            return 'a URL for SQLite begins with sqlite:/// and has no host.'
        return None
    if '@' in (url.host or ''):
        return 'its host has an "@", which the password needs encoded.'
    if '@' in (url.database or ''):
        return 'its database has an "@", which the password needs encoded.'
    if url.port is not None and not 0 < url.port < 65536:
        return 'its port is not between 1 and 65535.'
    try:
        dialect().create_connect_args(url)
    except (ValueError, TypeError, sa_exc.ArgumentError):
        return 'its parameters, after the "?", are invalid for its driver.'
    return None
