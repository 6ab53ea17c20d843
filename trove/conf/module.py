# SPDX-License-Identifier: Apache-2.0
"""Options of modules, with the names of released Trove."""

from __future__ import annotations

from oslo_config import cfg

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'module_aes_cbc_key',
        secret=True,
        help='Key that encrypts the contents of modules in the database. All '
        'APIs and task managers must use the same one. Unset, no modules can '
        'be made or applied. Generate it with "trove-manage generate_keys"; '
        'there is no default. A database of a release up to 2026.2 needs the '
        'key of that release, whose default was module_aes_cbc_key.',
    ),
    cfg.ListOpt(
        'module_types',
        default=['ping'],
        help='Types that modules may have. The guest agents need a driver for '
        'each.',
    ),
    cfg.IntOpt(
        'modules_page_size',
        default=20,
        min=1,
        help='Maximum number of modules in one response. A request may ask '
        'for fewer with "limit", not for more.',
    ),
    cfg.IntOpt(
        'module_reapply_max_batch_size',
        default=50,
        min=1,
        help='Maximum number of instances that a module is reapplied to '
        'before the next pause.',
    ),
    cfg.IntOpt(
        'module_reapply_min_batch_delay',
        default=2,
        min=0,
        help='Minimum number of seconds of the pause between two batches of '
        'instances that a module is reapplied to.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    conf.register_opts(OPTS)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    return [('DEFAULT', OPTS)]
