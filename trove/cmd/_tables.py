# SPDX-License-Identifier: Apache-2.0
"""Lists that commands of ``trove-manage`` print: a table, or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from collections.abc import Sequence
import json
from typing import Any

from oslo_config import cfg

from trove.common import text as texts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '-f',
        '--format',
        dest='list_format',
        choices=('table', 'json'),
        default='table',
        help='Format of the list (default: table).',
    )


def show(
    conf: cfg.ConfigOpts, headings: Sequence[str], rows: Iterable[Any]
) -> None:
    """Print rows as the command line says."""
    if conf.command.list_format == 'json':
        items = [dict(zip(headings, row, strict=True)) for row in rows]
        texts.say(json.dumps(items, indent=2))
        return
    lines = [
        tuple(texts.printable('-' if cell is None else cell) for cell in row)
        for row in (headings, *rows)
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = zip(line, widths, strict=True)
        texts.say(
            '  '.join(cell.ljust(width) for cell, width in cells).rstrip()
        )
