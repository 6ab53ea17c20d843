# SPDX-License-Identifier: Apache-2.0
"""How long a whole check of the contracts of this tree takes.

From the exec of ``rpc-contract check`` until its end, against a Python
that parses the same sources with ``ast`` and does nothing else.
"""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys
import time

from benchmarks import _report
from rpc_contract import checks
from rpc_contract import projects
from rpc_contract import reading

TOP = pathlib.Path(__file__).parent.parent
ROUNDS = 15
RATIO_LIMIT = 12.0
SECONDS_LIMIT = 2.0

_CHECK = (
    'import sys; from rpc_contract import main; '
    "sys.exit(main.main(['check']))"
)
_PARSE = (
    'import ast, pathlib, sys; '
    '[ast.parse(pathlib.Path(name).read_text()) for name in sys.argv[1:]]'
)


def sources() -> list[str]:
    """The files that a check reads."""
    tree = reading.Tree(TOP)
    for subject in projects.read(TOP).subjects:
        checks.read(tree, subject)
    return [str(path) for path in tree.files]


def seconds(*command: str) -> float:
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, *command],
        cwd=TOP,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


def main() -> int:
    files = sources()
    took: dict[str, list[float]] = {'check': [], 'parse': []}
    for _round in range(ROUNDS):
        took['check'].append(seconds('-c', _CHECK))
        took['parse'].append(seconds('-c', _PARSE, *files))
    print(f'{len(files)} files')
    for name, values in took.items():
        print(f'{name}: {_report.spread(values, "ms", 1000)}')
    ratios = [
        check / parse
        for check, parse in zip(took['check'], took['parse'], strict=True)
    ]
    return _report.conclude(
        [
            _report.Figure(
                'check against parsing',
                statistics.median(ratios),
                limit=RATIO_LIMIT,
            ),
            _report.Figure(
                'check from exec to end',
                statistics.median(took['check']),
                ' s',
                SECONDS_LIMIT,
            ),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
