# SPDX-License-Identifier: Apache-2.0
"""Orders about another version of the database server."""

from __future__ import annotations

from collections.abc import Callable
import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.common import ordered
from trove.guestagent import orders
from trove.guestagent import reporter as reporters
from trove.guestagent import supervisor as supervisors
from trove.guestagent.datastores import base

LOG = logging.getLogger(__name__)

Capability = base.Capability
Context = trove_context.TroveContext


class Upgrades:
    """The methods of :class:`trove.guestagent.manager.Manager` for them."""

    _supervisor: supervisors.Supervisor
    _reporter: reporters.Reporter
    _report: Callable[[], None]

    #: Why the last order to upgrade failed.
    _upgrade_error: Exception | None = None

    @orders.needs(Capability.UPGRADE)
    def pre_upgrade(
        self, context: Context, datastore_version: str | None = None
    ) -> dict[str, Any]:
        with self._supervisor.turn() as driver:
            if datastore_version:
                driver.check_upgrade(datastore_version)
        return {'datastore_version': datastore_version}

    @orders.needs(Capability.UPGRADE)
    def upgrade(
        self,
        context: Context,
        upgrade_info: dict[str, Any] | None = None,
        instance_version: str | None = None,
        location: str | None = None,
        metadata: Any = None,
    ) -> None:
        self._upgrade_error = None
        with self._reporter.reporting(context, 'upgrade the database server'):
            try:
                with self._supervisor.restarting() as driver:
                    version = _version(upgrade_info, instance_version)
                    driver.check_upgrade(version)
                    driver.upgrade(version)
            except Exception as error:
                self._upgrade_error = error
                raise
        self._report()
        if self._upgrade_error is None:
            _finish(driver)

    @orders.needs(Capability.UPGRADE)
    def post_upgrade(
        self, context: Context, upgrade_info: dict[str, Any]
    ) -> None:
        with self._supervisor.turn() as driver:
            version = _version(upgrade_info, None)
            if self._upgrade_error is not None:
                raise self._upgrade_error
            found = driver.version() if driver.answers() else None
        if found is not None and not ordered.fits(found, version):
            raise exception.DatastoreError(
                action=f'run version {version}',
                reason=f'it runs {found}. Repeat the order to upgrade it.',
            )


def _finish(driver: base.Driver) -> None:
    try:
        driver.finish_upgrade()
    except exception.TroveError as error:
        LOG.warning(
            'The database is upgraded and in use, but what follows an '
            'upgrade was not done: %s',
            error,
        )


def _version(info: dict[str, Any] | None, instance_version: str | None) -> str:
    """Return the version of an order, in the form of any release."""
    found = (info or {}).get('datastore_version') or instance_version
    if not isinstance(found, str) or ordered.number(found) is None:
        raise exception.BadRequest(
            'The order to upgrade has no number of a version in '
            '"datastore_version". Give the datastore version a number with '
            '"trove-manage datastore_version_update".'
        )
    return found
