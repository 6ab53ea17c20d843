# SPDX-License-Identifier: Apache-2.0
"""Retries of database errors."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
from typing import ParamSpec
from typing import TypeVar

from oslo_config import cfg
from oslo_db import api as oslo_db_api
from oslo_db import exception as oslo_db_exception

from trove.common import exception

P = ParamSpec('P')
T = TypeVar('T')

#: The errors of a database that does not work.
ERRORS = (exception.ServiceUnavailable, oslo_db_exception.DBError)

#: Those of them that are transient.
PASSING = (exception.ServiceUnavailable, oslo_db_exception.DBDeadlock)


def is_passing(error: Exception) -> bool:
    """Return whether an error is transient."""
    return isinstance(error, PASSING)


def retrying(
    conf: cfg.ConfigOpts,
    group: str,
    function: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Call a function of :mod:`trove.objects`, and retry database errors.

    :param group: the group of ``database_retries``: ``conductor`` or
        ``taskmanager``
    :raises ServiceUnavailable, DBError: the retries are used up
    """
    return wrap(function, conf[group].database_retries)(*args, **kwargs)


def wrap(
    function: Callable[P, T],
    retries: int,
    passes: Callable[[Exception], bool] = is_passing,
) -> Callable[P, T]:
    """Return a function that retries database errors of another one.

    It backs off from 0.1 s to 10 s.

    :param retries: maximum number of retries
    :param passes: whether to retry after an error
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            # The first call without the wrapper, which is slow to build.
            return function(*args, **kwargs)
        except ERRORS as error:
            if not retries or not passes(error):
                raise
        wrapped: Callable[P, T] = oslo_db_api.wrap_db_retry(
            max_retries=retries - 1,
            retry_interval=0.1,
            inc_retry_interval=True,
            max_retry_interval=10,
            exception_checker=passes,
        )(function)
        return wrapped(*args, **kwargs)

    return call


@contextlib.contextmanager
def unavailable() -> Iterator[None]:
    """Convert errors of the database.

    :raises ServiceUnavailable: instead of a DBError
    """
    try:
        yield
    except oslo_db_exception.DBError as error:
        raise exception.ServiceUnavailable(what='The database') from error
