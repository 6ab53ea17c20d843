# SPDX-License-Identifier: Apache-2.0
"""Access to a deployment: options, database and transport."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import logging

from oslo_db import exception as db_exception
from sqlalchemy import exc as sa_exc

from trove import conf as trove_conf
from trove import peers
from trove.common import exception
from trove.common import rpc
from trove.db import session
from trove.objects import database
from trove.rpcadmin import app as rpc_app


class Deployment:
    """The deployment that the options are of.

    :param app: has the options, and where the command line names them
    """

    def __init__(self, app: rpc_app.App) -> None:
        self._app = app
        self._transport: rpc.Transport | None = None

    @property
    def transport(self) -> rpc.Transport:
        """Of this command; opened at its first use, closed at its end."""
        if self._transport is None:
            self._transport = peers.transport(self._app.conf)
        return self._transport

    def read_options(self) -> None:
        """Read the configuration files and begin to log.

        :raises trove.common.exception.ConfigurationError: one of the files
            cannot be read
        """
        arguments = []
        for name in 'config_file', 'config_dir':
            for path in getattr(self._app.options, name):
                arguments += [f'--{name.replace("_", "-")}', path]
        trove_conf.setup(self._app.conf, arguments, rpc_app.NAME)
        root = logging.getLogger()
        if self._app.options.debug:
            root.setLevel(logging.DEBUG)
        elif not self._app.options.verbose:
            root.setLevel(logging.WARNING)

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Read the options, open the database, and close all at the end.

        :raises trove.common.exception.TroveError: something is in the way
        """
        self.read_options()
        database.configure(self._app.conf)
        try:
            yield
        finally:
            transport, self._transport = self._transport, None
            if transport is not None:
                transport.close()
            database.dispose()


def reason(error: Exception) -> str | None:
    """Return an error message for the operator, or None for a bug."""
    cause = error.__cause__ or error
    database_errors = db_exception.DBError, sa_exc.DBAPIError
    if isinstance(error, exception.ServiceUnavailable) and isinstance(
        cause, database_errors
    ):
        return (
            f'the database is unavailable: {session.reason(cause)}. Check '
            'that it is running and that [database] connection is correct.'
        )
    if type(error) is exception.ServiceUnavailable and error.__cause__:
        # Not for a peer without a queue: that error has its own remedy.
        return (
            f'the message broker is unavailable: {cause}. Check that it is '
            'running and that transport_url is correct.'
        )
    if isinstance(error, exception.TroveError):
        return str(error)
    if isinstance(error, trove_conf.UNREADABLE):
        return trove_conf.unreadable(error)
    if isinstance(error, database_errors):
        return (
            f'the database rejected a statement: {session.reason(error)}. '
            'Check with "trove-manage db_version" that it has the schema of '
            'this release.'
        )
    return None
