# SPDX-License-Identifier: Apache-2.0
"""Delays the start of a service that is older than the others on its topic.

Senders cache the cap of a topic for ``refresh_interval`` seconds. An older
service that listened at once would get messages that only the others
understand.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import threading
import time

from oslo_config import cfg

from trove.common import exception
from trove.common import rpc
from trove.objects import service as services
from trove.peers import versions

LOG = logging.getLogger(__name__)

#: Seconds for messages that were planned with the former cap.
_MARGIN = 1.0


def wait(
    conf: cfg.ConfigOpts,
    interface: rpc.Interface,
    serves: str,
    report: Callable[[], None],
    intervals: float = 1.0,
) -> None:
    """Wait until senders know the version of a service that has registered.

    It returns at once unless there are live services and all of them are
    newer: only then senders send messages that this service does not
    understand. It raises nothing.

    :param serves: the revision of the service
    :param report: registers it again, so that it does not count as dead
    :param intervals: time to wait, in units of ``refresh_interval``
    """
    if not _is_older(conf, interface, serves):
        return
    seconds = intervals * conf.upgrade_levels.refresh_interval + _MARGIN
    LOG.warning(
        'The other %s are newer than this one, which serves %s. It starts to '
        'listen in %g seconds, when all senders know its version.',
        interface.describe(None),
        serves,
        seconds,
    )
    end = time.monotonic() + seconds
    pause = threading.Event()
    while (left := end - time.monotonic()) > 0:
        pause.wait(min(left, conf.service_report_interval))
        report()


def _is_older(
    conf: cfg.ConfigOpts, interface: rpc.Interface, serves: str
) -> bool:
    try:
        live = services.live(conf, versions.BINARIES[interface.name])
    except exception.TroveError:
        # Without a database it does not start to listen anyway.
        return False
    others = versions.lowest(
        interface,
        (
            each.rpc_versions[interface.name]
            for each in live
            if each.host != conf.host and interface.name in each.rpc_versions
        ),
    )
    if others is None:
        return False
    return versions.lowest(interface, (others, serves)) != others
