# SPDX-License-Identifier: Apache-2.0
"""Metrics of the processes of the control plane."""

from __future__ import annotations

import collections
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Final

from oslo_config import cfg

from trove.common import metrics
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects import counts
from trove.objects import service as services
from trove.objects.guest import fleet
from trove.objects.rejected import journal
from trove.peers import versions

#: Minimum interval between two counts of all guests, in seconds.
_CENSUS_INTERVAL = 60.0

_Sample = tuple[Sequence[str], float]


def watch(
    conf: cfg.ConfigOpts,
    name: str,
    *,
    database: bool = False,
    in_api: bool = False,
) -> metrics.Watch:
    """Return the metrics of a process.

    :param name: of the program
    :param database: with gauges from the database, which are the same in each
        process: do not sum them
    :param in_api: the process serves the REST API
    """
    return metrics.Watch(
        conf,
        name,
        tuple(versions.INTERFACES.values()),
        _gauges(conf) if database else (),
        in_api,
    )


def _gauges(conf: cfg.ConfigOpts) -> tuple[metrics.Gauge, ...]:
    return (
        metrics.Gauge(
            'trove_rpc_rejected_waiting',
            'Rejected messages that wait to be replayed or discarded',
            ('interface', 'cause'),
            _waiting,
        ),
        metrics.Gauge(
            'trove_rpc_peers',
            'Services and guest agents by what they understand',
            ('interface', 'revision', 'state'),
            functools.partial(_peers, conf),
            fresh=_CENSUS_INTERVAL,
        ),
        *_work(conf),
    )


def _work(conf: cfg.ConfigOpts) -> Iterator[metrics.Gauge]:
    """Gauges of instances, and of what is done for them."""
    for name, told, label, count in _by_label(conf):
        yield metrics.Gauge(
            name, told, (label,), _labelled(count), _CENSUS_INTERVAL
        )
    for name, told, number in _SINGLE:
        yield metrics.Gauge(
            name, told, (), _single(number), _CENSUS_INTERVAL
        )


_SINGLE: Final = (
    (
        'trove_backup_schedules_overdue',
        'Schedules without a complete backup for two intervals',
        counts.overdue_schedules,
    ),
    (
        'trove_log_archive_lag_seconds',
        'Seconds that the slowest archived log is behind',
        counts.archive_lag,
    ),
    (
        'trove_certificate_days_left',
        'Days until the first certificate of an instance expires',
        counts.certificate_days,
    ),
)


def _by_label(
    conf: cfg.ConfigOpts,
) -> Iterator[tuple[str, str, str, Callable[[], Mapping[str, float]]]]:
    yield 'trove_instances', 'Instances', 'status', counts.instances
    yield (
        'trove_jobs',
        'Jobs of task managers by what they do',
        'state',
        counts.jobs,
    )
    yield (
        'trove_jobs_idle_seconds',
        'Seconds for which the slowest job has not advanced',
        'action',
        counts.idle_jobs,
    )
    yield 'trove_backups', 'Backups', 'status', counts.backups_made
    yield (
        'trove_replicas',
        'Replicas by how they follow their primary',
        'state',
        functools.partial(counts.replicas, conf),
    )
    yield (
        'trove_quota_used',
        'What all projects use and have reserved',
        'resource',
        counts.quotas_used,
    )
    yield (
        'trove_quota_filled_ratio',
        'Largest part of its quota that a project uses',
        'resource',
        functools.partial(counts.quotas_filled, conf),
    )


def _labelled(count: Callable[[], Mapping[str, float]]) -> metrics.Read:
    return lambda: [((key,), number) for key, number in count().items()]


def _single(count: Callable[[], float | None]) -> metrics.Read:
    def read() -> list[_Sample]:
        number = count()
        return [] if number is None else [((), number)]

    return read


def _waiting() -> Iterator[_Sample]:
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    for (interface, cause, state), number in journal.counts().items():
        if state == 'waiting':
            found[interface, cause] += number
    yield from found.items()


def _peers(conf: cfg.ConfigOpts) -> Iterator[_Sample]:
    found: collections.Counter[tuple[str, str, str]] = collections.Counter()
    alive = {(each.binary, each.host) for each in services.live(conf)}
    interfaces = versions.INTERFACES
    for each in services.list_():
        state = 'up' if (each.binary, each.host) in alive else 'down'
        for name, text in each.rpc_versions.items():
            if name in interfaces:
                found[name, _revision(interfaces[name], text), state] += 1
    guest = guest_api.API.interface
    for (announced, silent), number in fleet.census(conf).items():
        state = 'silent' if silent else 'up'
        found[guest.name, _revision(guest, announced), state] += number
    yield from found.items()


def _revision(interface: rpc.Interface, text: str | None) -> str:
    """Return the name of a revision, ``unknown`` for None or malformed."""
    if text is None:
        return metrics.UNKNOWN
    try:
        return str(interface.announced(text))
    except ValueError:
        return metrics.UNKNOWN
