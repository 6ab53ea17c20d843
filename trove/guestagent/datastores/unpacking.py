# SPDX-License-Identifier: Apache-2.0
"""Files out of a compressed archive that is read as a stream.

The agent decompresses: zlib takes half the time of the program ``gzip``.
"""

from __future__ import annotations

from collections.abc import Generator
import contextlib
import os
from typing import Any
from typing import Final
import zlib

from trove.common import exception
from trove.guestagent.datastores import pipeline

_PIECE: Final = 1 << 20


def extract(
    action: str,
    pieces: Generator[bytes, None, None],
    directory: str | os.PathLike[str],
    **options: Any,
) -> None:
    """Write the files of a ``.tar.gz``.

    :param action: completes "failed to ..."
    :param options: for :func:`.pipeline.pour`; as the server's user, it can
        do no harm elsewhere
    :raises trove.common.exception.TroveError: the stream failed, or is no
        such archive
    """
    pipeline.pour(
        action,
        decompressed(action, pieces),
        [
            'tar',
            '--extract',
            '--file=-',
            f'--directory={os.fspath(directory)}',
            '--no-same-owner',
            '--no-overwrite-dir',
        ],
        **options,
    )


def decompressed(
    action: str, pieces: Generator[bytes, None, None]
) -> Generator[bytes, None, None]:
    """Yield what was compressed as a gzip stream, a MiB at most at a time.

    All pieces are read, even of a malformed stream.

    :raises trove.common.exception.DatastoreError: it is malformed, or ends
        too early
    """
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    with contextlib.closing(pieces):
        for piece in pieces:
            while piece:
                if unpacker.eof:
                    # Such streams may be joined.
                    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
                try:
                    found = unpacker.decompress(piece, _PIECE)
                except zlib.error as error:
                    # Where it is another object, its checksum tells more.
                    for _ in pieces:
                        pass
                    raise _malformed(action, str(error)) from None
                piece = unpacker.unconsumed_tail or unpacker.unused_data
                if found:
                    yield found
    if not unpacker.eof:
        raise _malformed(action, 'it ends too early')


def _malformed(action: str, reason: str) -> exception.DatastoreError:
    return exception.DatastoreError(
        action=action,
        reason=f'what is stored is not compressed as backups are: {reason}. '
        'Use another backup.',
    )
