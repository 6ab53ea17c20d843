# SPDX-License-Identifier: Apache-2.0
"""``trove-taskmanager``: runs a task manager until it is told to stop."""

from __future__ import annotations

import sys

from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import metrics
from trove.common import service
from trove.peers import telemetry
from trove.taskmanager import service as taskmanager


def main(
    argv: list[str] | None = None, conf: cfg.ConfigOpts | None = None
) -> int:
    """Run it; return the exit status.

    :param argv: without the name of the program; that of the process if None
    :param conf: the global configuration if None
    """
    conf = cfg.CONF if conf is None else conf
    trove_conf.begin(
        conf, sys.argv[1:] if argv is None else argv, 'trove-taskmanager'
    )
    watch = telemetry.watch(conf, 'trove-taskmanager')
    component = taskmanager.TaskManager(conf)
    return service.run(conf, metrics.Watched(watch, component))


if __name__ == '__main__':
    sys.exit(main())
