# SPDX-License-Identifier: Apache-2.0
"""Options of the datastores."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'default_datastore',
        help='Name or ID of the default datastore of new instances. Unset, '
        'the only datastore is the default if there is exactly one.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
