# SPDX-License-Identifier: Apache-2.0
"""A service of an older revision that joins newer ones.

Senders remember for ``refresh_interval`` seconds what all services of a topic
take. Who began to listen at once would until then get messages that it cannot
take, while others on the topic can.
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

#: Seconds for what a sender was about to send when it looked last.
_MARGIN = 1.0


def wait(
    conf: cfg.ConfigOpts,
    interface: rpc.Interface,
    serves: str,
    report: Callable[[], None],
    intervals: float = 1.0,
) -> None:
    """Return when senders know what a service takes, which has reported.

    At once, unless others live that are all newer: only then senders send
    what this one does not take, and only then others take it meanwhile. It
    raises nothing.

    :param serves: what the service reports of the interface
    :param report: reports it once more, so that it does not count as dead
    :param intervals: after which all have noticed, of ``refresh_interval``
    """
    if not _is_older(conf, interface, serves):
        return
    seconds = intervals * conf.upgrade_levels.refresh_interval + _MARGIN
    LOG.warning(
        'The other %s are newer than this one, which takes %s. It begins in '
        '%g seconds, when all who send have noticed.',
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
        # It does not listen any sooner than the database works.
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
