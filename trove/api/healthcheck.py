# SPDX-License-Identifier: Apache-2.0
"""The healthcheck application, and what it asks of Trove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oslo_log import log
from oslo_middleware import healthcheck
from oslo_middleware.healthcheck import opts
from oslo_middleware.healthcheck import pluginbase

from trove.api import errors
from trove.api import loading
from trove.api import paths
from trove.objects import database

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = log.getLogger(__name__)


class Database(pluginbase.HealthcheckBaseExtension):
    """Backend ``trove_database``: the database answers a query."""

    def healthcheck(self, server_port: int) -> pluginbase.HealthcheckResult:
        try:
            database.ping()
        except Exception as error:  # noqa: BLE001 - any failure is unhealthy
            LOG.warning(
                'The healthcheck reports this API as unavailable, because the '
                'database does not answer: %s',
                error,
            )
            reason = (
                'The database does not answer.'
                if errors.is_database_gone(error)
                else 'The database cannot be used.'
            )
            return pluginbase.HealthcheckResult(available=False, reason=reason)
        return pluginbase.HealthcheckResult(available=True, reason='OK')


def app_factory(global_conf: dict[str, str], **local: str) -> WSGIApplication:
    """Make the application; ``[healthcheck]`` of trove.conf goes before.

    :param local: defaults for the options of that group; ``backends`` are
        separated by blanks or commas
    """
    conf = loading.runtime(global_conf).conf
    conf.register_opts(opts.HEALTHCHECK_OPTS, group='healthcheck')
    conf.register_opts(opts.DISABLE_BY_FILE_OPTS, group='healthcheck')
    for name, value in local.items():
        default = (
            value.replace(',', ' ').split() if name == 'backends' else value
        )
        conf.set_default(name, default, group='healthcheck')
    application: WSGIApplication = healthcheck.Healthcheck(None, conf)
    return paths.Exact(application)
