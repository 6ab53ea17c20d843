# SPDX-License-Identifier: Apache-2.0
"""The REST API for a web server: ``trove.api.wsgi:application``.

The command line belongs to the web server (uWSGI, gunicorn), so it is not
read. The options come from ``trove.conf`` where oslo.config looks for it, or
from the files that ``OS_TROVE_CONFIG_FILES`` names, separated by ``;``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from oslo_config import cfg

from trove import conf as trove_conf
from trove.api import loading
from trove.api import metrics
from trove.api import runtime
from trove.objects import database
from trove.peers import telemetry

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make_application(conf: cfg.ConfigOpts) -> WSGIApplication:
    """Read the options and return the application.

    Nothing is opened before the first request, so that the web server may
    fork afterwards.
    """
    files = os.environ.get('OS_TROVE_CONFIG_FILES')
    trove_conf.setup(
        conf,
        [],
        'trove-api',
        default_config_files=files.split(';') if files else None,
    )
    database.configure(conf)
    return metrics.WatchFromFirst(
        loading.load(runtime.Runtime(conf)),
        telemetry.watch(conf, 'trove-api', database=True, in_api=True),
    )


application = make_application(cfg.CONF)
