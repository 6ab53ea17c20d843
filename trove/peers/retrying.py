# SPDX-License-Identifier: Apache-2.0
"""The database is waited for: what is to be written down is not given up."""

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

#: What a database that does not work shows itself by.
ERRORS = (exception.ServiceUnavailable, oslo_db_exception.DBError)

#: And those of them that may pass.
PASSING = (exception.ServiceUnavailable, oslo_db_exception.DBDeadlock)


def is_passing(error: Exception) -> bool:
    """Whether the same may work a moment later."""
    return isinstance(error, PASSING)


def retrying(
    conf: cfg.ConfigOpts,
    group: str,
    function: Callable[P, T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Call a function of :mod:`trove.objects`, again while that fails.

    :param group: whose ``database_retries`` says how often: ``conductor`` or
        ``taskmanager``
    :raises ServiceUnavailable, DBError: it went on failing
    """
    return wrap(function, conf[group].database_retries)(*args, **kwargs)


def wrap(
    function: Callable[P, T],
    retries: int,
    passes: Callable[[Exception], bool] = is_passing,
) -> Callable[P, T]:
    """Return a function that calls another, again while that fails.

    It waits 0.1 s before the first retry, and up to 10 s before a later one.

    :param retries: at most
    :param passes: whether to retry after this error
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            # Nearly always it works, and the rest takes its time.
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
    """Let every error of the database be one that callers know.

    :raises ServiceUnavailable: instead of whatever the database raised
    """
    try:
        yield
    except oslo_db_exception.DBError as error:
        raise exception.ServiceUnavailable(what='The database') from error
