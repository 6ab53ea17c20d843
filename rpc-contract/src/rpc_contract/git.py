# SPDX-License-Identifier: Apache-2.0
"""Asks git about the repository that a directory is in, and no other."""

from __future__ import annotations

import os
import pathlib
import subprocess


def run(
    directory: pathlib.Path, *arguments: str
) -> subprocess.CompletedProcess[bytes]:
    """Run a command of git; whether it worked is in ``returncode``.

    :raises OSError: there is no git
    """
    # Git tells a hook of the repository that it runs for by such variables,
    # and they count for more than the directory.
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith('GIT_')
    }
    return subprocess.run(
        ['git', '-C', str(directory), *arguments],
        capture_output=True,
        check=False,
        env=env,
    )
