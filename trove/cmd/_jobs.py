# SPDX-License-Identifier: Apache-2.0
"""The command of ``trove-manage`` for the jobs of task managers."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import datetime

from oslo_config import cfg

from trove.cmd import _tables
from trove.objects.instance import workflows
from trove.taskmanager import owner as owners

_HEADINGS = (
    'Instance',
    'Action',
    'State',
    'Step',
    'Host',
    'Started (UTC)',
    'Advanced (UTC)',
    'Request',
)


def job_list(conf: cfg.ConfigOpts) -> None:
    wanted = conf.command.action
    rows = [
        (
            job.instance_id,
            job.action,
            _state(job),
            job.step,
            _host(job),
            _time(job.started),
            _time(job.updated),
            job.request_id,
        )
        for job in workflows.workflows()
        if wanted in (None, job.action)
    ]
    _tables.show(conf, _HEADINGS, rows)


def _state(job: workflows.Workflow) -> str:
    """Return the state of a job, as the metric ``trove_jobs`` has it."""
    if job.owner is None:
        return 'queued'
    return 'waiting' if job.step is None else 'running'


def _host(job: workflows.Workflow) -> str | None:
    """Return the host of the task manager, or why it is none's."""
    return owners.host(job.owner) if job.owner is not None else None


def _time(when: datetime.datetime | None) -> str | None:
    if when is None:
        return None
    return when.isoformat(sep=' ', timespec='seconds')


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        job_list,
        'List the jobs of task managers that are queued or run: what each '
        'does, since when, and where. The one that has not advanced for '
        'longest comes first.',
    )
    parser.add_argument(
        '--action', help='List those of one action, such as create_instance.'
    )
    _tables.add_arguments(parser)
