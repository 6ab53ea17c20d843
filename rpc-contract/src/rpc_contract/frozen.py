# SPDX-License-Identifier: Apache-2.0
"""Whether what was frozen is as it was: by git history, or by its digest."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import hashlib
import pathlib

from rpc_contract import findings
from rpc_contract import git
from rpc_contract import locks
from rpc_contract import model
from rpc_contract import reading

_FIX = (
    'Revert it: {command}. The current contract becomes a new revision, which '
    '"rpc-contract freeze" writes.'
)


def check(
    top: pathlib.Path,
    directory: str,
    held: Iterable[tuple[model.Contract, Sequence[locks.Lock]]],
) -> Iterator[findings.Finding]:
    """Find lock files that were edited or deleted.

    :param top: the tree
    :param directory: of the lock files, relative to it
    :param held: each interface, and the locks of it that there are
    :raises reading.Unusable: git refuses to read the history
    """
    if not (top / directory).is_dir():
        return
    written, gap = _read_history(top, directory)
    if gap is not None:
        yield findings.Finding(
            rule='history-unread',
            interface='locks',
            symbol='',
            where=model.Location(directory, 1),
            message='Whether a lock was edited is told by its digest only: '
            f'{gap}.',
            fix='Fetch the whole history, with git installed: git fetch '
            '--unshallow.',
        )
    for contract, kept in held:
        yield from _edited(top, contract, kept, written)
        there = {lock.path for lock in kept}
        for revision in contract.history:
            path = locks.path(
                top / directory, contract.interface, revision.name
            )
            name = path.relative_to(top).as_posix()
            if name in written and path not in there:
                yield _say(contract, name, 'was deleted')


def _edited(
    top: pathlib.Path,
    contract: model.Contract,
    kept: Sequence[locks.Lock],
    written: Mapping[str, str],
) -> Iterator[findings.Finding]:
    for lock in kept:
        name = lock.path.relative_to(top).as_posix()
        broken = lock.broken
        if name in written and written[name] != _blob(lock.path):
            broken = 'differs from the one first committed'
        if broken:
            yield _say(contract, name, f'was edited: {broken}')


def _say(contract: model.Contract, name: str, what: str) -> findings.Finding:
    return findings.Finding(
        rule='frozen-edited',
        interface=contract.interface,
        symbol='',
        where=model.Location(name, 1),
        message=f'The frozen contract {name} {what}.',
        fix=_FIX.format(command=f'git checkout HEAD -- {name}'),
    )


def _read_history(
    top: pathlib.Path, directory: str
) -> tuple[dict[str, str], str | None]:
    """Return the object that each file was first committed as, by path.

    :returns: nothing where there is no git, or no history; and why not all
        of the history could be read
    :raises reading.Unusable: git refuses to read it
    """
    if not any((each / '.git').exists() for each in (top, *top.parents)):
        return {}, None
    options = ['--format=', '--raw', '--no-abbrev', '--no-renames']
    try:
        done = git.run(top, 'log', *options, '--relative', '--', directory)
        if done.returncode:
            _check_empty(top, done.stderr)
            return {}, None
        shallow = git.run(top, 'rev-parse', '--is-shallow-repository')
    except OSError:
        return {}, 'git is not installed'
    written = {}
    for line in done.stdout.decode(errors='replace').splitlines():
        # :100644 100644 OLD NEW M<tab>PATH; the newest first.
        fields, _tab, name = line.partition('\t')
        if fields.endswith(' A'):
            written[name] = fields.split()[3]
    if shallow.stdout.strip() == b'true':
        return written, 'the clone is shallow'
    return written, None


def _check_empty(top: pathlib.Path, said: bytes) -> None:
    """Whether the history cannot be read because there is none yet.

    :param said: why git did not read it
    :raises reading.Unusable: there is one
    """
    head = git.run(top, 'rev-parse', '--verify', '--quiet', 'HEAD')
    # Of a branch without a commit; git itself fails with 128.
    if head.returncode != 1:
        text = ' '.join(said.decode(errors='replace').split()).rstrip('.')
        raise reading.Unusable(
            f'Cannot tell whether the locks were edited: git does not read '
            f'the history of {top}: {text}.'
        )


def _blob(file: pathlib.Path) -> str:
    """Return the name that git has for the content of a file."""
    content = file.read_bytes()
    head = f'blob {len(content)}\0'.encode()
    return hashlib.sha1(head + content, usedforsecurity=False).hexdigest()
