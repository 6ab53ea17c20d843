# SPDX-License-Identifier: Apache-2.0
"""What a message says about a new instance, and how it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from oslo_config import cfg

from trove.objects.keys import workflow_secrets


@dataclasses.dataclass(frozen=True)
class Request:
    """The arguments of the message that the instance's row does not have.

    :param flavor: id, name, ram (MiB), vcpus, disk (GiB)
    :param databases: as in the message
    :param users: as in the message
    :param modules: their ids; the contents are read when they are sent
    :param backup_id: of the backup to restore
    :param restore_time: up to which its log is replayed
    :param slave_of_id: of the primary to follow; the backup is its
    :param unsupported: arguments that this task manager cannot satisfy
    """

    flavor: Mapping[str, Any]
    datastore_manager: str
    image_id: str | None = None
    databases: Sequence[Mapping[str, Any]] = ()
    users: Sequence[Mapping[str, Any]] = dataclasses.field(
        default=(), repr=False
    )
    packages: Sequence[str] = ()
    availability_zone: str | None = None
    root_password: str | None = dataclasses.field(default=None, repr=False)
    nics: Sequence[Mapping[str, Any]] = ()
    overrides: Mapping[str, Any] | None = None
    modules: Sequence[str] = ()
    ds_version: str | None = None
    backup_id: str | None = None
    restore_time: str | None = None
    slave_of_id: str | None = None
    volume_type: str | None = None
    locality: str | None = None
    unsupported: Sequence[str] = ()


def split(packages: str | Sequence[str] | None) -> list[str]:
    """Return packages as a list; a string is split at commas."""
    if isinstance(packages, str):
        packages = packages.split(',')
    return [name.strip() for name in packages or [] if name.strip()]


def module_ids(modules: Sequence[Any] | None) -> list[str]:
    """Return the ids of modules as messages have them, or as stored.

    A release may have stored them as in the message.
    """
    return [
        str(
            each.get('module', each).get('id')
            if isinstance(each, dict)
            else each
        )
        for each in modules or ()
    ]


#: The fields of a request that hold secrets, or may.
_SECRETS = ('users', 'root_password', 'overrides')


def to_details(
    conf: cfg.ConfigOpts, instance_id: str, request: Request
) -> dict[str, Any]:
    """Return a request as stored in the row, with its secrets sealed."""
    values = dataclasses.asdict(request)
    secrets = {name: values.pop(name) for name in _SECRETS}
    return values | workflow_secrets.seal(conf, instance_id, secrets)


def from_details(
    conf: cfg.ConfigOpts, instance_id: str, details: Mapping[str, Any]
) -> Request | None:
    """Return the request of a row, None when it is incomplete."""
    secrets = workflow_secrets.unseal(conf, instance_id, details)
    known = {field.name for field in dataclasses.fields(Request)}
    if secrets is None or not details.get('flavor'):
        return None
    values = {**details, **secrets}
    values['packages'] = split(values.get('packages'))
    values['modules'] = module_ids(values.get('modules'))
    return Request(**{k: v for k, v in values.items() if k in known})
