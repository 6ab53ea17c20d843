# SPDX-License-Identifier: Apache-2.0
"""Where certificates of databases are read from, with their keys."""

from __future__ import annotations

from oslo_config import cfg

from trove.cloud.certificates import barbican
from trove.cloud.certificates import base
from trove.cloud.certificates import directory

DRIVERS: dict[str, type[base.Certificates]] = {
    'barbican': barbican.Barbican,
    'directory': directory.Directory,
}


def load(conf: cfg.ConfigOpts) -> base.Certificates:
    """Return the driver that the options name."""
    return DRIVERS[conf.certificates.driver](conf)
