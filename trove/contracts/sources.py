# SPDX-License-Identifier: Apache-2.0
"""Other states of a tree: a directory, a git revision, a wheel."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import io
import pathlib
import tempfile
import zipfile

from trove.contracts import git
from trove.contracts import reading


@contextlib.contextmanager
def opened(spec: str, tree: pathlib.Path) -> Iterator[pathlib.Path]:
    """Give a directory with the sources, for as long as it is needed.

    :param spec: a directory, a wheel, or a revision of the git repository
        that ``tree`` is in
    :raises reading.Unusable: it is none of that
    """
    path = pathlib.Path(spec)
    if path.is_dir():
        yield path.resolve()
        return
    content: pathlib.Path | io.BytesIO = path
    if not path.is_file():
        content = io.BytesIO(_archive(spec, tree))
    with tempfile.TemporaryDirectory(prefix='trove-contract-') as scratch:
        try:
            with zipfile.ZipFile(content) as archive:
                archive.extractall(scratch)
        except zipfile.BadZipFile:
            raise reading.Unusable(f'{spec} is no wheel.') from None
        yield pathlib.Path(scratch)


def _archive(revision: str, tree: pathlib.Path) -> bytes:
    try:
        done = git.run(
            tree, 'archive', '--format=zip', '--end-of-options', revision
        )
    except OSError as error:
        raise reading.Unusable(f'git cannot be run: {error}.') from None
    if done.returncode:
        said = done.stderr.decode(errors='replace').strip()
        raise reading.Unusable(
            f'"{revision}" is no directory, no wheel and no revision of the '
            f'git repository of {tree}: {said}'
        )
    return done.stdout
