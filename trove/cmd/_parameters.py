# SPDX-License-Identifier: Apache-2.0
"""Commands for the parameters of datastore versions."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import pathlib
import sys
from typing import Any

from oslo_config import cfg

from trove.common import datastores as kinds
from trove.common import exception
from trove.common import text as texts
from trove.objects import datastore as datastores
from trove.objects import parameter as parameters


def db_load_datastore_config_parameters(conf: cfg.ConfigOpts) -> None:
    version = _version(conf)
    found = parameters.read_file(_read(conf.command.config_file_location))
    denied = kinds.rules(version.manager or '').settings.is_denied
    taken = [each for each in found if not denied(each.name)]
    parameters.save(version.id, taken)
    _say(version, taken)
    for each in found:
        if each not in taken:
            texts.say(f'Skipped {each.name}, which is reserved for Trove.')


def db_load_datastore_config_catalogue(conf: cfg.ConfigOpts) -> None:
    version = _version(conf)
    settings = kinds.rules(version.manager or '').settings
    taken = settings.read_catalogue(_read(conf.command.catalogue))
    parameters.save(version.id, taken, only=True)
    _say(version, taken)


def _say(
    version: datastores.DatastoreVersion, taken: list[parameters.Parameter]
) -> None:
    texts.say(
        f"Datastore version '{version.name}({version.version})' has the "
        f'rules of {len(taken)} parameters now.'
    )


def _version(conf: cfg.ConfigOpts) -> datastores.DatastoreVersion:
    given = conf.command
    datastore = datastores.get(conf, given.datastore, inactive=True)
    return datastores.get_version(
        datastore,
        given.version_name,
        number=given.version_number,
        inactive=True,
    )


def _read(path: str) -> str:
    try:
        if path == '-':
            return sys.stdin.read()
        return pathlib.Path(path).read_text('utf-8')
    except (OSError, ValueError) as error:
        raise exception.TroveError(
            f'{path} cannot be read: {error}. Check the path and the '
            'encoding, which must be UTF-8.'
        ) from None


def add_commands(
    add: Callable[[Callable[[cfg.ConfigOpts], None], str], Any],
) -> None:
    """Add the commands to the parser of trove-manage."""
    parser = add(
        db_load_datastore_config_parameters,
        'Load rules of configuration parameters from a file of released '
        'Trove. Rules of other parameters stay.',
    )
    _add_version(parser)
    parser.add_argument(
        'config_file_location',
        help='Path of the file, such as validation-rules.json; - for the '
        'standard input.',
    )
    parser = add(
        db_load_datastore_config_catalogue,
        'Replace the rules of configuration parameters by those that the '
        'database server itself lists.',
    )
    _add_version(parser)
    parser.add_argument(
        'catalogue',
        help='Path of the list, or - for the standard input. Of PostgreSQL '
        'it is the output of "postgres --describe-config"; for MariaDB, what '
        '"mariadb --batch" prints of information_schema.SYSTEM_VARIABLES; for '
        'MySQL 9, what "mysql --batch" prints of '
        'performance_schema.variables_metadata.',
    )


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('datastore', help='Name of the datastore.')
    parser.add_argument(
        'version_name',
        metavar='datastore_version',
        help='Name or ID of its version.',
    )
    parser.add_argument(
        '--version',
        dest='version_number',
        help='Number of the version, if several have that name.',
    )
