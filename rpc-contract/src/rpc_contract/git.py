# SPDX-License-Identifier: Apache-2.0
"""Asks git about the repository that a directory is in, and no other."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib
import subprocess
import tempfile
from typing import IO

#: Of what git complains of, in bytes.
_MAX_ERROR = 2000


def run(
    directory: pathlib.Path, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of git; whether it worked is in ``returncode``.

    :raises OSError: there is no git
    """
    return subprocess.run(
        ['git', '-C', str(directory), *arguments],
        capture_output=True,
        check=False,
        env=_env(),
    )


@contextlib.contextmanager
def output(
    directory: pathlib.Path, *arguments: str
) -> Iterator[IO[bytes]]:
    """Run a command of git, and read what it prints while it does.

    Left with an error it is ended, however much it has still to say.

    :raises OSError: there is no git, or it failed
    """
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            ['git', '-C', str(directory), *arguments],
            stdout=subprocess.PIPE,
            stderr=said,
            env=_env(),
        ) as process,
    ):
        assert process.stdout is not None
        try:
            yield process.stdout
        except BaseException:
            process.kill()
            raise
        if process.wait():
            said.seek(0)
            raise OSError(said.read(_MAX_ERROR).decode(errors='replace'))


def _env() -> dict[str, str]:
    # Git tells a hook of the repository that it runs for by such variables,
    # and they count for more than the directory. Those with settings are of
    # the person, such as which directories are safe.
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith('GIT_') or name.startswith('GIT_CONFIG_')
    }
