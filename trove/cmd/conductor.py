# SPDX-License-Identifier: Apache-2.0
"""``trove-conductor``: runs a conductor until it is told to stop."""

from __future__ import annotations

import sys

from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import metrics
from trove.common import service
from trove.conductor import service as conductor
from trove.peers import telemetry


def main(
    argv: list[str] | None = None, conf: cfg.ConfigOpts | None = None
) -> int:
    """Run it; return the exit status.

    :param argv: without the name of the program; that of the process if None
    :param conf: the global configuration if None
    """
    conf = cfg.CONF if conf is None else conf
    trove_conf.begin(
        conf, sys.argv[1:] if argv is None else argv, 'trove-conductor'
    )
    watch = telemetry.watch(conf, 'trove-conductor', database=True)
    component = conductor.Conductor(conf)
    return service.run(
        conf,
        metrics.Watched(watch, component),
        workers=conf.trove_conductor_workers,
    )


if __name__ == '__main__':
    sys.exit(main())
