# SPDX-License-Identifier: Apache-2.0
"""The command of ``trove-manage`` for what no instance owns."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import functools

from oslo_config import cfg

from trove import cloud as trove_cloud
from trove.cloud import base as cloud_base
from trove.common import broker_accounts
from trove.common import context as trove_context
from trove.common import exception
from trove.common import text as texts
from trove.objects.backup import backups
from trove.objects.instance import instances

_OPERATOR = trove_context.TroveContext(is_admin=True)


def orphans(conf: cfg.ConfigOpts) -> None:
    cloud = trove_cloud.load(conf)
    accounts = _accounts(conf)
    found = dict(sorted(_orphans(cloud, accounts)))
    wanted = conf.command.delete or []
    for each in wanted:
        if each not in found:
            raise exception.BadRequest(
                f'--delete has the value {each}, which is no instance that is '
                'listed without it. Nothing was deleted.'
            )
    failed = 0
    for instance_id in wanted or found:
        texts.say(f'{instance_id}  {", ".join(sorted(found[instance_id]))}')
        problems = _delete(cloud, accounts, instance_id) if wanted else []
        failed += bool(problems)
        for problem in problems:
            texts.say(f'  {problem}')
    if failed:
        raise exception.CloudError(
            f'Not all of {failed} instances could be deleted; the reasons are '
            'above. Remove them, then run the command again.'
        )


def _accounts(conf: cfg.ConfigOpts) -> broker_accounts.Accounts | None:
    if not conf.guest_accounts.management_url:
        return None
    return broker_accounts.Accounts(conf)


def _orphans(
    cloud: cloud_base.Cloud, accounts: broker_accounts.Accounts | None
) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids of instances that are gone, and what there is of them.

    And those of backups, of which there are snapshots.
    """
    # The cloud first: an instance has its row before anything else.
    found = {
        owner_id: list(things)
        for owner_id, things in cloud.inventory(_OPERATOR).items()
    }
    # The message broker may have been away when an instance was deleted.
    for instance_id in accounts.instances() if accounts else ():
        found.setdefault(instance_id, []).append('broker account')
    for owner_id, things in found.items():
        try:
            instances.get(_OPERATOR, owner_id)
        except exception.InstanceNotFound:
            try:
                backups.get(_OPERATOR, owner_id)
            except exception.NotFound:
                yield owner_id, things


def _delete(
    cloud: cloud_base.Cloud,
    accounts: broker_accounts.Accounts | None,
    instance_id: str,
) -> list[str]:
    """Delete all of an instance; return what failed."""
    problems = []
    deletions: list[Callable[[], object]] = [
        functools.partial(delete, _OPERATOR, instance_id)
        for delete in (
            cloud.compute.delete_server,
            cloud.volumes.delete,
            cloud.volumes.delete_snapshot,
            cloud.network.release,
        )
    ]
    if accounts is not None:
        deletions.append(functools.partial(accounts.delete, instance_id))
    for delete in deletions:
        try:
            delete()
        except exception.TroveError as error:
            problems.append(str(error))
    return problems


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        orphans,
        'List servers, volumes, ports, security groups, floating IPs, server '
        'groups and snapshots in the cloud that have the marks of an instance '
        'or a backup which is not in the database, and accounts of such guest '
        'agents at the message broker.',
    )
    parser.add_argument(
        '--delete',
        nargs='+',
        metavar='ID',
        help='Delete what there is of these ids, with their data. Look '
        'at each first: what another deployment of Trove has in the same '
        'project is listed too, and so are the instances that were made after '
        'the backup from which the database was restored.',
    )
