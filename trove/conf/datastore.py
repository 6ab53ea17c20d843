# SPDX-License-Identifier: Apache-2.0
"""Options of the datastores."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'default_datastore',
        help='Name or id of the datastore of an instance that is made '
        'without saying which. When it is not set and there is one datastore '
        'only, it is that one.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
