# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc``: inspect and control the messages between services.

Exit status: 0 done; 1 not done, the reason is on standard error; 2 the
command line is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
import sys

from oslo_config import cfg

from trove.rpcadmin import app


def main(
    argv: Sequence[str] | None = None, conf: cfg.ConfigOpts = cfg.CONF
) -> int:
    status = app.App(conf).run(
        list(sys.argv[1:] if argv is None else argv)
    )
    if status == app.BROKEN_PIPE:
        # Otherwise Python reports a BrokenPipeError when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == '__main__':
    sys.exit(main())
