# SPDX-License-Identifier: Apache-2.0
"""Copies the data of a stopped server into a cluster of another series."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from typing import Any
from typing import Final

from trove.common import exception
from trove.common import text
from trove.guestagent.datastores import programs
from trove.guestagent.datastores import settings
from trove.guestagent.datastores.postgresql import cluster as clusters
from trove.guestagent.datastores.postgresql import config
from trove.guestagent.datastores.postgresql import private
from trove.guestagent.datastores.postgresql import role
from trove.guestagent.datastores.postgresql import server as servers
from trove.guestagent.datastores.postgresql import server_errors

#: What is needed of the new series.
PROGRAMS: Final = ('initdb', 'pg_ctl', 'pg_dump', 'pg_upgrade')

#: What both clusters must have alike, by how pg_controldata names them.
_CHECKSUMS: Final = 'Data page checksum version'
_SEGMENT: Final = 'Bytes per WAL segment'
#: In the new cluster: what pg_upgrade found to be in the way.
_REPORTS: Final = 'pg_upgrade_output.d'
#: Seconds to read them.
_READ_TIMEOUT: Final = 30


def copy(
    cluster: clusters.Cluster,
    found: programs.Programs,
    target: pathlib.Path,
    timeout: float,
) -> None:
    """Make a cluster that has the data, users and passwords of another one.

    :param cluster: its server is stopped; its files are not changed
    :param found: the programs of the new series
    :param target: the directory of the new cluster, which does not exist
    :param timeout: seconds for pg_upgrade
    :raises trove.common.exception.DatastoreError: it cannot be made
    """
    former = cluster.server()
    _initialize(cluster, found, target)
    work = cluster.make_scratch()
    account = cluster.account
    own = cluster.state_dir / 'pg_upgrade'
    with private.place(cluster, account.name if account else None) as place:
        # What pg_upgrade starts the servers with, instead of their own. Not
        # where the user of the server could have put links.
        configured = {'old': cluster.data_dir, 'new': target}
        settings.write(
            own,
            {
                f'{name}/{config.MAIN}': f"data_directory = '{data}'\n"
                f"hba_file = '{place}/hba'\n"
                f"ident_file = '{place}/ident'\n"
                for name, data in configured.items()
            },
            account,
        )
        _run(
            found,
            [
                found.program('pg_upgrade'),
                f'--old-bindir={former.programs.directory}',
                f'--new-bindir={found.directory}',
                f'--old-datadir={own / "old"}',
                f'--new-datadir={own / "new"}',
                f'--username={servers.SUPERUSER}',
                f'--socketdir={place}',
                f'--jobs={min(4, os.cpu_count() or 1)}',
            ],
            target / _REPORTS,
            timeout,
            former.options() | {'cwd': work},
        )
    cluster.drop_scratch()
    shutil.rmtree(target / _REPORTS, ignore_errors=True)
    shutil.rmtree(own)


def _initialize(
    cluster: clusters.Cluster, found: programs.Programs, target: pathlib.Path
) -> None:
    control = role.read_control(cluster)
    target.mkdir(mode=0o700)
    if cluster.account is not None:
        cluster.account.own(target)
    cluster.make_server(found, target).initialize(
        cluster.password(),
        checksums=control.get(_CHECKSUMS) != '0',
        segment=int(control.get(_SEGMENT, 0)) or None,
    )


def _run(
    found: programs.Programs,
    command: list[str],
    reports: pathlib.Path,
    timeout: float,
    options: dict[str, Any],
) -> None:
    try:
        done = _call(command, timeout, options)
    except subprocess.TimeoutExpired:
        raise refused(
            found.text,
            f'pg_upgrade took longer than {timeout:g} s. Raise [guestagent] '
            'recovery_timeout, then upgrade again.',
        ) from None
    if done.returncode != 0:
        said = ' '.join(f'{done.stdout}\n{done.stderr}'.split())
        raise refused(
            found.text,
            f'{said[-server_errors.TAIL:]} {_read(reports, options)}'.strip(),
        )


def _call(
    command: list[str], timeout: float, options: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors='replace',
        timeout=timeout,
        **options,
    )


def _read(reports: pathlib.Path, options: dict[str, Any]) -> str:
    """Return what pg_upgrade wrote of what is in the way.

    It is read by the user of the server, who may have put links there.
    """
    try:
        done = _call(
            ['find', os.fspath(reports), '-name', '*.txt', '-type', 'f']
            + ['-exec', 'head', '--quiet', '--bytes=500', '{}', '+'],
            _READ_TIMEOUT,
            options,
        )
    except subprocess.TimeoutExpired:
        return ''
    return text.cut(' '.join(done.stdout.split()), 1000)


def refused(version: str, reason: str) -> exception.DatastoreError:
    """Return the error for data that stay as they are."""
    return exception.DatastoreError(
        action=f'be upgraded to version {version}', reason=reason
    )
