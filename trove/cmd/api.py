# SPDX-License-Identifier: Apache-2.0
"""trove-api: the REST API as a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
import sys

from oslo_config import cfg

from trove import conf as trove_conf
from trove.api import service as api_service
from trove.common import service


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; return the exit status."""
    conf = cfg.CONF
    trove_conf.setup(conf, sys.argv[1:] if argv is None else argv, 'trove-api')
    workers = conf.trove_api_workers
    return service.run(
        conf,
        api_service.API(conf),
        workers=workers if workers > 1 else None,
    )


if __name__ == '__main__':
    sys.exit(main())
