# SPDX-License-Identifier: Apache-2.0
"""Database transactions.

::

    session.configure(conf)
    with session.reader() as db:
        instance = db.get(models.Instance, instance_id)
    with session.writer() as db:
        db.add(models.Quota(...))
    session.dispose()

A block is one transaction: committed at its end, rolled back when it raises.
A block inside another one of the same thread joins it, so a function that
opens its own may be called from a larger transaction. Objects stay readable
after the block.

Errors of both kinds of blocks:

- ``exception.RowLocked``: another transaction holds a row for longer than the
  timeout. Nothing was written.
- ``exception.ServiceUnavailable``: the database is unreachable or fails.
  Nothing was written, unless it failed at the end of the block. The next
  block reconnects, so no restart is needed when the database is back.
- ``oslo_db.exception.DBDeadlock``: a conflict with another transaction. Wrap
  the function that opens the outermost block in :func:`retry`.
- ``oslo_db.exception.DBDuplicateEntry``, ``DBReferenceError``: the row
  violates a unique or a foreign key.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import threading
from typing import Any
from typing import overload
from typing import ParamSpec
from typing import TypeVar

from oslo_config import cfg
from oslo_db import api as db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade
from oslo_log import log
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc
from sqlalchemy import orm

from trove.common import exception
from trove.conf import database
from trove.db import sqlite
from trove.db import urls
from trove.db import waits

LOG = log.getLogger(__name__)

P = ParamSpec('P')
T = TypeVar('T')

# Execution option of connections whose transaction will write.
_WRITES = 'trove_writes'
WRITE_OPTIONS = {_WRITES: True}

# Codes of MySQL and PostgreSQL for a timeout while waiting for a lock.
_LOCK_WAIT = 1205
_LOCK_NOT_AVAILABLE = '55P03'

# Options that are passed to oslo.db: all of them, since oslo.db reads a
# missing one from the global configuration.
_ENGINE_OPTIONS = (
    'connection_debug',
    'connection_parameters',
    'connection_recycle_time',
    'connection_trace',
    'max_overflow',
    'max_pool_size',
    'max_retries',
    'mysql_sql_mode',
    'mysql_wsrep_sync_wait',
    'pool_timeout',
    'retry_interval',
    'sqlite_synchronous',
    'synchronous_reader',
)


class _Thread(threading.local):
    """The state of oslo.db for the current transaction of a thread."""

    depth = 0


class _State:
    manager: Any = None
    connection: str | None = None
    users = 0


_thread = _Thread()
_state = _State()
_lock = threading.Lock()


def configure(conf: cfg.ConfigOpts, limits: bool = True) -> None:
    """Configure the database; no connection is opened yet.

    Several services in one process may each call it, and each calls
    :func:`dispose` when it is done. Call it again after a fork.

    :param limits: whether locks and statements have a timeout; a migration
        would exceed it
    :raises ConfigurationError: ``[database] connection`` is not set or not
        the URL of a database
    """
    database.register_opts(conf)
    group = conf.database
    if not group.connection:
        raise exception.ConfigurationError(
            option='[database] connection',
            value='',
            remedy='set it to the URL of the database, for instance '
            'mysql+pymysql://trove:<password>@<host>/trove?charset=utf8mb4',
        )
    urls.check('[database] connection', group.connection)
    if group.slave_connection:
        urls.check('[database] slave_connection', group.slave_connection)
    with _lock:
        if _state.manager is not None:
            if _state.connection == group.connection:
                _state.users += 1
                return
            LOG.warning(
                'The configured database has changed; closing the '
                'connections to the previous one.'
            )
            _state.manager.dispose_pool()
        manager = enginefacade.transaction_context()
        manager.configure(
            connection=sqlite.pooled(group.connection),
            slave_connection=sqlite.pooled(group.slave_connection),
            asyncio_connection=None,
            asyncio_slave_connection=None,
            sqlite_fk=True,
            expire_on_commit=False,
            thread_checkin=False,
            json_serializer=None,
            json_deserializer=None,
            logging_name=None,
            **{name: group[name] for name in _ENGINE_OPTIONS},
        )
        manager.append_on_engine_create(_prepare_engine)
        if limits:
            manager.append_on_engine_create(
                functools.partial(
                    waits.limit,
                    lock=group.lock_timeout,
                    statement=group.statement_timeout,
                )
            )
        _state.manager = manager
        _state.connection = group.connection
        _state.users = 1


def dispose() -> None:
    """Release what the matching :func:`configure` acquired.

    The last call closes the pooled connections. Without a matching
    ``configure`` it does nothing.
    """
    with _lock:
        if _state.manager is None:
            return
        _state.users -= 1
        if _state.users > 0:
            return
        manager, _state.manager = _state.manager, None
        _state.connection = None
    manager.dispose_pool()


def inside() -> bool:
    """Return whether this thread is in a block, which the next one joins."""
    return _thread.depth > 0


@contextlib.contextmanager
def reader() -> Iterator[orm.Session]:
    """Begin a transaction that only reads."""
    with _block(_manager().reader) as session:
        yield session


@contextlib.contextmanager
def writer() -> Iterator[orm.Session]:
    """Begin a transaction that writes; not allowed inside a reader."""
    with _block(_manager().writer) as session:
        _announce_writing(session)
        yield session


@overload
def retry(function: Callable[P, T], /) -> Callable[P, T]: ...


@overload
def retry(
    *, duplicates: bool = False
) -> Callable[[Callable[P, T]], Callable[P, T]]: ...


def retry(
    function: Callable[..., Any] | None = None, /, *, duplicates: bool = False
) -> Callable[..., Any]:
    """Retry a function after a deadlock of its transaction.

    Up to five retries, backing off from 0.05 s to 1 s. There are none inside
    an outer block, since all of that block would have to be repeated.

    :param duplicates: retry also when a row with the same key exists, for
        functions that insert what they did not find
    """
    if function is None:
        return functools.partial(_retrying, duplicates=duplicates)
    return _retrying(function, duplicates)


def _retrying(
    function: Callable[..., Any], duplicates: bool
) -> Callable[..., Any]:
    kinds: tuple[type[Exception], ...] = (db_exception.DBDeadlock,)
    if duplicates:
        kinds += (db_exception.DBDuplicateEntry,)
    wrapped = db_api.wrap_db_retry(
        max_retries=5,
        retry_interval=0.05,
        inc_retry_interval=True,
        max_retry_interval=1,
        exception_checker=lambda error: isinstance(error, kinds),
    )(function)

    @functools.wraps(function)
    def outermost(*args: Any, **kwargs: Any) -> Any:
        if _thread.depth:
            return function(*args, **kwargs)
        return wrapped(*args, **kwargs)

    return outermost


def engine() -> sa.Engine:
    """Return the engine itself, for migrations and checks."""
    result: sa.Engine = _manager().writer.get_engine()
    return result


def _manager() -> Any:
    manager = _state.manager
    if manager is None:
        raise RuntimeError(
            'trove.db.session.configure() was not called in this process, '
            'or the last user has called dispose().'
        )
    return manager


@contextlib.contextmanager
def _block(mode: Any) -> Iterator[orm.Session]:
    _thread.depth += 1
    try:
        with translated_errors(), mode.using(_thread) as session:
            yield session
    finally:
        _thread.depth -= 1


@contextlib.contextmanager
def translated_errors() -> Iterator[None]:
    """Translate the errors of an unavailable database.

    :raises RowLocked: another transaction holds a row
    :raises ServiceUnavailable: the database is unreachable or fails
    """
    try:
        yield
    except db_exception.DBDeadlock as error:
        if _LOCK_WAIT not in _codes(error):
            raise
        # MySQL's lock timeout has passed: an immediate retry would most
        # likely fail, too.
        raise exception.RowLocked() from error
    except (
        db_exception.DBConnectionError,
        db_exception.DBNonExistentDatabase,
        sa_exc.OperationalError,
        sa_exc.TimeoutError,
    ) as error:
        # Without the statement and its parameters, which may hold secrets.
        if _LOCK_NOT_AVAILABLE in _codes(error):
            raise exception.RowLocked() from error
        LOG.error(
            'The database is unavailable: %s. Check that it is running and '
            'that [database] connection is correct.',
            reason(error),
        )
        raise exception.ServiceUnavailable(what='The database') from error


def _codes(error: BaseException) -> tuple[Any, ...]:
    """Return the error codes of the driver: number (MySQL) or SQLSTATE."""
    inner = getattr(error, 'inner_exception', None) or error
    original = getattr(inner, 'orig', None)
    code = getattr(original, 'args', ())[:1]
    return (*code, getattr(original, 'sqlstate', None))


def reason(error: BaseException) -> str:
    """Return the database's error in one line, without the statement."""
    inner = getattr(error, 'inner_exception', error)
    text = str(getattr(inner, 'orig', '') or type(inner).__name__)
    return ' '.join(text.split())


def _prepare_engine(target: sa.Engine) -> None:
    # Error texts would include keys and passwords otherwise.
    target.hide_parameters = True
    if target.dialect.name == 'sqlite':
        sa.event.listen(target, 'connect', sqlite.prepare)
        sa.event.listen(target, 'begin', _begin_sqlite)


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        sqlite.begin_writing(connection)


def _announce_writing(session: orm.Session) -> None:
    if session.get_bind().dialect.name != 'sqlite':
        return
    if not session.info.get(_WRITES):
        session.info[_WRITES] = True
        session.connection(execution_options=WRITE_OPTIONS)
