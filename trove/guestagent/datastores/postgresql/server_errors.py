# SPDX-License-Identifier: Apache-2.0
"""Error messages of PostgreSQL, from its logs and output."""

from __future__ import annotations

import os
import pathlib
import re

from trove.common import text as texts
from trove.guestagent.datastores import files

#: How the process ends that receives the log of a primary: what is at the
#: other end, and what it answered.
_RECEIVER = re.compile(
    r'FATAL:  (?:streaming replication receiver "\w+" )?'
    r'(could not connect to the primary server.*|.*WAL stream.*'
    r'|.*walreceiver.*|.*system identifier.*|highest timeline.*)'
)

#: Bytes that are read from the end of a log.
TAIL = 4000

_PLACE = re.compile(r' in file "[^"]*" line \d+')
_SUMMARY = re.compile(r'configuration file "[^"]*" contains errors')


def last_log(directory: pathlib.Path) -> tuple[pathlib.Path | None, str]:
    """Return the newest log file of the server, and its end.

    The directory is writable for the server, so links are not followed.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        handle = os.open(directory, flags)
    except OSError:
        return None, ''
    try:
        newest = max(
            (name for name in os.listdir(handle) if name.endswith('.log')),
            key=lambda name: (
                os.stat(name, dir_fd=handle, follow_symlinks=False).st_mtime
            ),
        )
        with files.open_foreign(newest, handle) as stream:
            return directory / newest, files.tail(stream, TAIL)
    except (OSError, ValueError):
        return None, ''
    finally:
        os.close(handle)


def of_last_start(text: str) -> list[str]:
    """Return the lines with errors since the last start that a log has."""
    last = text.rpartition('starting PostgreSQL ')[2]
    return [
        line
        for line in last.splitlines()
        if 'FATAL:' in line or 'ERROR:' in line or 'PANIC:' in line
    ]


def receiver_error(text: str) -> str:
    """Return the last error of the receiver of a primary's log, or ''."""
    found = _RECEIVER.findall(text)
    return found[-1] if found else ''


def first_errors(text: str) -> str:
    """Return the error messages without time stamps and file names.

    Each ends like a sentence. That the file has errors is no news.
    """
    found = []
    for line in text.splitlines():
        for mark in ('LOG:', 'FATAL:', 'ERROR:', 'HINT:'):
            if mark in line:
                said = _PLACE.sub('', line.partition(mark)[2].strip())
                if not _SUMMARY.match(said):
                    found.append(said if said.endswith('.') else f'{said}.')
    said = texts.cut(' '.join(found), 1000)
    return said or 'PostgreSQL rejects these settings.'
