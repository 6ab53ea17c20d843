# SPDX-License-Identifier: Apache-2.0
"""``trove-manage``: administration of the database.

Exit status: 0 done; 1 not done, the reason is on standard error; 2 the
command line is wrong.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import sys
from typing import Any

from oslo_config import cfg
from oslo_db import exception as db_exception
from sqlalchemy import exc as sa_exc

from trove import conf as trove_conf
from trove.cmd import _accounts
from trove.cmd import _associations
from trove.cmd import _jobs
from trove.cmd import _keys
from trove.cmd import _orphans
from trove.cmd import _parameters
from trove.cmd import _tables
from trove.cmd import _takeover
from trove.cmd import _troubles
from trove.common import exception
from trove.common import text as texts
from trove.db import migration
from trove.db import session
from trove.objects import database
from trove.objects import datastore as datastores
from trove.objects import datastore_version as versions
from trove.objects import service as services

Command = Callable[[cfg.ConfigOpts], None]


def db_sync(conf: cfg.ConfigOpts) -> None:
    revision = migration.sync(conf, conf.command.to_version)
    texts.say(f'The database has revision {revision}.')


def db_version(conf: cfg.ConfigOpts) -> None:
    revision = migration.current(conf)
    latest = migration.latest()
    texts.say(revision or 'empty')
    if revision != latest:
        texts.say(
            f'This release needs revision {latest}: run '
            '"trove-manage db_sync".',
            file=sys.stderr,
        )


def db_wipe(conf: cfg.ConfigOpts) -> None:
    _confirm(conf)
    migration.wipe(conf)
    texts.say('Dropped all tables of Trove.')


def db_recreate(conf: cfg.ConfigOpts) -> None:
    _confirm(conf)
    migration.wipe(conf)
    revision = migration.sync(conf)
    texts.say(f'The database was recreated at revision {revision}.')


def _confirm(conf: cfg.ConfigOpts) -> None:
    if not conf.command.yes:
        raise exception.TroveError(
            'This deletes every instance, backup and quota from the database '
            'and leaves the servers of the instances behind. Nothing was '
            'done. Repeat the command with --yes to confirm.'
        )


def datastore_update(conf: cfg.ConfigOpts) -> None:
    name = conf.command.datastore_name
    datastores.save(name, conf.command.default_version or None)
    texts.say(f"Datastore '{name}' updated.")


def datastore_version_update(conf: cfg.ConfigOpts) -> None:
    given = conf.command
    key = given.datastore, given.version_name
    number = given.version_number or given.version_name
    found = [
        each
        for each in datastores.all_versions()
        if (each.datastore_name, each.name) == key and each.version == number
    ]
    versions.check_manager(
        'manager',
        given.manager,
        bool(given.active),
        found[0] if found else None,
    )
    saved = datastores.save_version(
        given.datastore,
        given.version_name,
        manager=given.manager,
        image_id=given.image_id or None,
        packages=given.packages,
        active=bool(given.active),
        version=given.version_number,
        image_tags=tuple(_words(given.image_tags)),
        registry_ext=given.registry_ext,
        repl_strategy=given.repl_strategy,
    )
    texts.say(f"Datastore version '{saved.name}({saved.version})' updated.")


def service_list(conf: cfg.ConfigOpts) -> None:
    alive = {(each.binary, each.host) for each in services.live(conf)}
    rows = [
        (
            each.binary,
            each.host,
            'up' if (each.binary, each.host) in alive else 'down',
            each.release or '-',
            ' '.join(f'{k}={v}' for k, v in sorted(each.rpc_versions.items())),
            each.started_at.isoformat(sep=' ', timespec='seconds'),
            each.last_report.isoformat(sep=' ', timespec='seconds'),
        )
        for each in services.list_()
    ]
    headings = (
        'Binary',
        'Host',
        'State',
        'Release',
        'RPC versions',
        'Started (UTC)',
        'Last report (UTC)',
    )
    _tables.show(conf, headings, sorted(rows))


def service_remove(conf: cfg.ConfigOpts) -> None:
    binary, host = conf.command.binary, conf.command.service_host
    known = {(each.binary, each.host) for each in services.list_()}
    if (binary, host) not in known:
        raise exception.NotFound(
            f'No {binary} on {host}. List the services with "trove-manage '
            'service_list".'
        )
    services.remove(binary, host)
    texts.say(
        f'Removed {binary} on {host}; it comes back if it is still running.'
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(',') if word.strip()]


def _add_commands(subparsers: Any) -> None:
    def add(command: Command, text: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = subparsers.add_parser(
            command.__name__, help=text, description=text
        )
        parser.set_defaults(function=command)
        return parser

    for name in ('db_sync', 'db_upgrade'):
        parser = subparsers.add_parser(
            name,
            help='Create the tables, or upgrade those of release 26.0 or '
            'later to the schema of this release. Safe to repeat.',
        )
        parser.set_defaults(function=db_sync)
        parser.add_argument(
            '--version',
            dest='to_version',
            help='Revision to upgrade to (default: the latest).',
        )
        parser.add_argument('--repo_path', help=argparse.SUPPRESS)
    add(db_version, 'Show the revision of the database.')
    for command, text in (
        (db_wipe, 'Drop all tables of Trove.'),
        (db_recreate, 'Drop and recreate all tables of Trove.'),
    ):
        parser = add(command, text + ' All data is lost.')
        parser.add_argument(
            '--yes',
            action='store_true',
            help='Confirm; without it nothing is done.',
        )
        parser.add_argument('--repo_path', help=argparse.SUPPRESS)
    _add_datastore_commands(add)
    _associations.add_commands(add)
    _parameters.add_commands(add)
    _add_service_commands(add)
    _jobs.add_commands(add)
    _keys.add_commands(add)
    _accounts.add_commands(add)
    _orphans.add_commands(add)
    _takeover.add_commands(add)
    _troubles.add_commands(add)


def _add_service_commands(
    add: Callable[[Command, str], argparse.ArgumentParser],
) -> None:
    parser = add(
        service_list,
        'List the task managers and conductors that have reported, with the '
        'RPC versions that they serve.',
    )
    _tables.add_arguments(parser)
    parser = add(
        service_remove,
        'Remove the record of a service that is gone for good.',
    )
    parser.add_argument('binary', help='For example trove-taskmanager.')
    parser.add_argument(
        'service_host', metavar='host', help='As shown by service_list.'
    )


def _add_datastore_commands(
    add: Callable[[Command, str], argparse.ArgumentParser],
) -> None:
    parser = add(
        datastore_update, 'Add a datastore, or set its default version.'
    )
    parser.add_argument('datastore_name', help='Name of the datastore.')
    parser.add_argument(
        'default_version',
        help='Name or ID of one of its versions; an empty string for a new '
        'datastore, which has no version yet.',
    )
    _add_version_arguments(
        add(
            datastore_version_update,
            'Add a version of a datastore, or update everything except its '
            'name and number.',
        )
    )


def _add_version_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('datastore', help='Name of the datastore.')
    parser.add_argument('version_name', help='Name of the version.')
    parser.add_argument(
        'manager', help='Driver of the guest agent, for example postgresql.'
    )
    parser.add_argument(
        'image_id',
        help='ID of the image that servers boot from; an empty string with '
        '--image-tags, or if the cloud driver needs no image.',
    )
    parser.add_argument(
        'packages',
        help='Packages to install in the guest, separated by commas; may be '
        'an empty string.',
    )
    parser.add_argument(
        'active',
        type=int,
        choices=(0, 1),
        help='1 if instances of it can be created, else 0.',
    )
    parser.add_argument(
        '--image-tags',
        default='',
        help='Tags of the image, separated by commas; the newest image with '
        'all of them is used.',
    )
    parser.add_argument(
        '--version',
        dest='version_number',
        help='Number of the version, for example 17.2 (default: the name).',
    )
    parser.add_argument(
        '--registry-ext',
        default='',
        help='Custom guest driver, as <name>:<class>.',
    )
    parser.add_argument(
        '--repl-strategy',
        default='',
        help='Class of a custom replication strategy.',
    )


def main(
    argv: Sequence[str] | None = None, conf: cfg.ConfigOpts = cfg.CONF
) -> int:
    conf.register_cli_opt(
        cfg.SubCommandOpt(
            'command',
            title='commands',
            help='The command; see "trove-manage <command> --help" for '
            'details.',
            handler=_add_commands,
        )
    )
    trove_conf.begin(
        conf, sys.argv[1:] if argv is None else argv, 'trove-manage'
    )
    command: Command = conf.command.function
    try:
        if command is _keys.generate_keys:
            command(conf)
            return 0
        database.configure(conf)
        try:
            command(conf)
        finally:
            database.dispose()
    except exception.ServiceUnavailable as error:
        return _complain(
            'the database is unavailable: '
            f'{session.reason(error.__cause__ or error)}. Check that it is '
            'running and that [database] connection is correct.'
        )
    except exception.TroveError as error:
        return _complain(str(error))
    except (db_exception.DBError, sa_exc.DBAPIError) as error:
        return _complain(
            f'the database rejected a statement: {session.reason(error)}. '
            'Check with "trove-manage db_version" that it has the schema of '
            'this release.'
        )
    return 0


def _complain(text: str) -> int:
    texts.say(text, file=sys.stderr, prefix='trove-manage: ')
    return 1


if __name__ == '__main__':
    sys.exit(main())
