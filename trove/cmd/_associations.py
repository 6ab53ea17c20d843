# SPDX-License-Identifier: Apache-2.0
"""The commands of ``trove-manage`` for what a version is associated with."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from oslo_config import cfg

from trove.common import exception
from trove.common import text as texts
from trove.objects import association
from trove.objects import datastore as datastores

Add = Callable[
    [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
]


def datastore_version_flavor_add(conf: cfg.ConfigOpts) -> None:
    _add(conf, association.FLAVOR, conf.command.flavor_ids)


def datastore_version_flavor_delete(conf: cfg.ConfigOpts) -> None:
    _remove(conf, association.FLAVOR, conf.command.flavor_id)


def datastore_version_volume_type_add(conf: cfg.ConfigOpts) -> None:
    _add(conf, association.VOLUME_TYPE, conf.command.volume_type_ids)


def datastore_version_volume_type_delete(conf: cfg.ConfigOpts) -> None:
    _remove(conf, association.VOLUME_TYPE, conf.command.volume_type_id)


def datastore_version_volume_type_list(conf: cfg.ConfigOpts) -> None:
    version = _version(conf)
    for value in association.list_(version.id, association.VOLUME_TYPE):
        texts.say(value)


def _add(conf: cfg.ConfigOpts, kind: str, text: str) -> None:
    values = list(filter(None, (each.strip() for each in text.split(','))))
    if not values:
        raise exception.BadRequest(
            f'"{text}" names nothing to add; provide ids separated by commas.'
        )
    version = _version(conf)
    association.add(version.id, kind, values)
    texts.say(f'{_said(version)} has now: {_listed(version, kind)}.')


def _remove(conf: cfg.ConfigOpts, kind: str, value: str) -> None:
    version = _version(conf)
    association.remove(version.id, kind, value)
    texts.say(f'{_said(version)} has now: {_listed(version, kind)}.')


def _version(conf: cfg.ConfigOpts) -> datastores.DatastoreVersion:
    given = conf.command
    datastore = datastores.get(conf, given.datastore_name, inactive=True)
    return datastores.get_version(
        datastore,
        given.datastore_version_name,
        number=given.version_number,
        inactive=True,
    )


def _said(version: datastores.DatastoreVersion) -> str:
    return (
        f"Datastore version '{version.datastore_name} "
        f"{version.name}({version.version})'"
    )


def _listed(version: datastores.DatastoreVersion, kind: str) -> str:
    return ', '.join(association.list_(version.id, kind)) or 'all'


def add_commands(add: Add) -> None:
    for command, text, argument, help_ in (
        (
            datastore_version_flavor_add,
            'Associate flavors with a version of a datastore. Only the '
            'associated ones are listed for it, or all if there are none.',
            'flavor_ids',
            'IDs of flavors, separated by commas.',
        ),
        (
            datastore_version_flavor_delete,
            'Associate a flavor with a version of a datastore no longer.',
            'flavor_id',
            'ID of the flavor.',
        ),
        (
            datastore_version_volume_type_add,
            'Associate volume types with a version of a datastore. Its '
            'instances can have only those; all if there are none.',
            'volume_type_ids',
            'IDs or names of volume types, separated by commas.',
        ),
        (
            datastore_version_volume_type_delete,
            'Associate a volume type with a version of a datastore no longer.',
            'volume_type_id',
            'ID or name of the volume type, as it was added.',
        ),
        (
            datastore_version_volume_type_list,
            'List the volume types that are associated with a version of a '
            'datastore.',
            '',
            '',
        ),
    ):
        parser = add(command, text)
        parser.add_argument('datastore_name', help='Name of the datastore.')
        parser.add_argument(
            'datastore_version_name', help='Name of the version.'
        )
        if argument:
            parser.add_argument(argument, help=help_)
        parser.add_argument(
            '--version',
            dest='version_number',
            help='Number of the version, if several have the same name.',
        )
