# SPDX-License-Identifier: Apache-2.0
"""Files and directories of the local cloud."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import pathlib

from trove.common import exception


def is_root() -> bool:
    return os.geteuid() == 0


def default_state_dir() -> pathlib.Path:
    """Return where the state is when the operator does not say."""
    if is_root():
        return pathlib.Path('/var/lib/trove')
    home = os.environ.get('XDG_STATE_HOME') or '~/.local/state'
    return pathlib.Path(home).expanduser() / 'trove'


def write(path: pathlib.Path, content: str, mode: int = 0o600) -> None:
    """Replace a file as a whole: a reader sees the old or the new one."""
    new = path.with_name(f'.{path.name}.new')
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, 'w') as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)


def make_directory(path: pathlib.Path, mode: int = 0o755) -> None:
    """Make a directory and those above, with the mode whatever the umask.

    Those that exist keep the mode they have.
    """
    if path.is_dir():
        return
    make_directory(path.parent, 0o755)
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def check_reachable(path: pathlib.Path) -> None:
    """Check that an unprivileged user can go into a directory.

    Databases refuse to run as root, so the one of a root-owned cloud runs
    as somebody else, who must get to its data.

    :raises CloudError: a directory on the way is closed
    """
    for directory in (path, *path.parents):
        if not directory.stat().st_mode & 0o001:
            raise exception.CloudError(
                action='use the state directory',
                reason=f'{directory} is not accessible for other users, but '
                'the databases run as an unprivileged user. Use an accessible '
                f'state directory, or run "chmod o+x {directory}".',
            )


def used_bytes(path: pathlib.Path) -> int:
    """Return what the files below a directory take on the disk."""
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            # Files of a running database come and go.
            with contextlib.suppress(OSError):
                status = os.lstat(os.path.join(directory, name))
                total += status.st_blocks * 512
    return total


@contextlib.contextmanager
def doing(action: str) -> Iterator[None]:
    """Turn an error of the operating system into one of the cloud.

    :param action: what is being done, as in "could not ..."
    """
    try:
        yield
    except OSError as error:
        where = f': {error.filename}' if error.filename else ''
        raise exception.CloudError(
            action=action, reason=f'{error.strerror or error}{where}'
        ) from error
