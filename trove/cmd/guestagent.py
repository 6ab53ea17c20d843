# SPDX-License-Identifier: Apache-2.0
"""``trove-guestagent``: runs the guest agent of one instance."""

from __future__ import annotations

import importlib
import sys

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
        # Not imported above: the database is made while this is loaded.
        service = importlib.import_module('trove.common.service')
        guestagent = importlib.import_module('trove.guestagent.service')
        status: int = service.run(conf, guestagent.GuestAgent(conf))
        return status
    except exception.ConfigurationError as error:
        texts.say(f'trove-guestagent: {error}', file=sys.stderr)
        return 1


if __name__ == '__main__':
    sys.exit(main())
