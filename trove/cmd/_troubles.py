# SPDX-License-Identifier: Apache-2.0
"""The commands of ``trove-manage`` for what alarms are about."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from oslo_config import cfg

from trove.cmd import _tables
from trove.objects import troubles


def fault_list(conf: cfg.ConfigOpts) -> None:
    status = conf.command.status
    rows = [
        (
            each.instance_id,
            each.project_id,
            each.status,
            each.created.isoformat(sep=' ', timespec='seconds'),
            each.details if conf.command.details else each.message,
        )
        for each in troubles.faults()
        if status in (None, each.status)
    ]
    headings = ('Instance', 'Project', 'Status', 'Since (UTC)', 'Fault')
    _tables.show(conf, headings, rows)


def replica_list(conf: cfg.ConfigOpts) -> None:
    state = conf.command.state
    rows = [
        (
            each.instance_id,
            each.project_id,
            each.primary_id,
            each.state,
            each.lag,
            each.error,
        )
        for each in troubles.replicas(conf)
        if state in (None, each.state)
    ]
    headings = ('Replica', 'Project', 'Primary', 'State', 'Lag (s)', 'Error')
    _tables.show(conf, headings, rows)


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        fault_list, 'List the faults of the instances of all projects.'
    )
    parser.add_argument(
        '--status', help='List those of instances in one status, as ERROR.'
    )
    parser.add_argument(
        '--details',
        action='store_true',
        help='Show the details of a fault in place of its message.',
    )
    _tables.add_arguments(parser)
    parser = add(
        replica_list,
        'List the replicas of all projects, with what their database servers '
        'say.',
    )
    parser.add_argument(
        '--state',
        choices=('follows', 'behind', 'stopped', 'unknown'),
        help='List those in one state.',
    )
    _tables.add_arguments(parser)
