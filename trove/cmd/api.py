# SPDX-License-Identifier: Apache-2.0
"""trove-api: the REST API as a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
import sys

from oslo_config import cfg

from trove import conf as trove_conf
from trove.api import service as api_service
from trove.common import metrics
from trove.common import service
from trove.conf import api as api_options
from trove.peers import telemetry


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; return the exit status."""
    conf = cfg.CONF
    trove_conf.begin(conf, sys.argv[1:] if argv is None else argv, 'trove-api')
    watch = telemetry.watch(conf, 'trove-api', database=True, in_api=True)
    return service.run(
        conf,
        metrics.Watched(watch, api_service.API(conf)),
        workers=api_options.workers(conf),
    )


if __name__ == '__main__':
    sys.exit(main())
