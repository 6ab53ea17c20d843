# SPDX-License-Identifier: Apache-2.0
"""``trove-guestagent``: runs the guest agent of one instance."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

from oslo_config import cfg

from trove import conf as trove_conf
from trove.common import exception
from trove.common import text as texts
from trove.guestagent import early
from trove.guestagent.agents import starting


def main(argv: list[str] | None = None) -> int:
    """Run it; return the exit status."""
    conf = cfg.CONF
    argv = sys.argv[1:] if argv is None else argv
    trove_conf.begin(conf, argv, 'trove-guestagent')
    starting.begin(conf, argv)
    try:
        early.begin(conf)
        service, guestagent = _load()
        status: int = service.run(conf, guestagent.GuestAgent(conf))
        return status
    except exception.ConfigurationError as error:
        texts.say(f'trove-guestagent: {error}', file=sys.stderr)
        return 1


def _load() -> tuple[Any, Any]:
    """Import what was not imported above: the database is made meanwhile."""
    # All of it is there to stay. Python would look through it for garbage
    # several times, which takes a tenth of the time.
    gc.disable()
    try:
        return (
            importlib.import_module('trove.common.service'),
            importlib.import_module('trove.guestagent.service'),
        )
    finally:
        gc.freeze()
        gc.enable()


if __name__ == '__main__':
    sys.exit(main())
