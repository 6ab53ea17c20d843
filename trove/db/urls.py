# SPDX-License-Identifier: Apache-2.0
"""The URL of a database, looked at before anybody uses it.

A reserved character in a password makes it a part of the host or the path,
and then each error of a driver or of SQLAlchemy tells it. So it is looked for
here, and no error holds more of a URL than its scheme.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from trove.common import exception

_FORM = (
    'It has the form mysql+pymysql://USER:PASSWORD@HOST:PORT/DATABASE'
    '?charset=utf8mb4 or postgresql+psycopg://USER:PASSWORD@HOST:PORT/'
    'DATABASE; of USER and PASSWORD every character but letters, digits, '
    '"-", "." and "_" must be percent-encoded, for instance @ as %40.'
)


def check(option: str, url: str) -> None:
    """Return when a database can be looked for at a URL.

    :param option: that it is of, for the error
    :raises ConfigurationError: it cannot; the error shows nothing of the URL
        but its scheme
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
        return 'it is no URL.'
    try:
        # Of SQLAlchemy the class, which is not yet asked for its driver.
        dialect = url.get_dialect()
        dialect.import_dbapi()
    except sa_exc.NoSuchModuleError:
        return f'SQLAlchemy knows no database {ascii(url.drivername[:40])}.'
    except ImportError as error:
        return (
            f'the driver of {ascii(url.drivername[:40])} is not installed '
            f'({error.name}).'
        )
    if dialect.name == 'sqlite':
        if url.host:
            return 'that of SQLite begins with sqlite:///, and has no host.'
        return None
    if '@' in (url.host or ''):
        return 'its host has an "@", so the password was cut.'
    if '@' in (url.database or ''):
        return 'the name of its database has an "@", so the password was cut.'
    if url.port is not None and not 0 < url.port < 65536:
        return 'its port is not between 1 and 65535.'
    try:
        dialect().create_connect_args(url)
    except (ValueError, TypeError, sa_exc.ArgumentError):
        return 'its parameters, after the "?", do not fit its driver.'
    return None
