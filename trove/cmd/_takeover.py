# SPDX-License-Identifier: Apache-2.0
"""The command of ``trove-manage`` for instances that released Trove made.

The database of this release has the addresses of instances, which a release
asked the cloud for at each request.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from collections.abc import Iterator

from oslo_config import cfg

from trove import cloud as trove_cloud
from trove.cloud import base as cloud_base
from trove.common import context as trove_context
from trove.common import exception
from trove.common import text as texts
from trove.objects.guest import fleet
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states

_OPERATOR = trove_context.TroveContext(is_admin=True)


def takeover(conf: cfg.ConfigOpts) -> None:
    """Compare each instance with the cloud, and record its addresses."""
    cloud = trove_cloud.load(conf)
    wrong = recorded = total = 0
    for guest in fleet.guests(conf):
        total += 1
        try:
            instance = instances.get(_OPERATOR, guest.instance_id)
        except exception.InstanceNotFound:
            # Deleted meanwhile.
            continue
        problems: list[str] = []
        if instance.task is states.Task.NONE:
            problems += _problems(cloud, instance)
        else:
            # Its server may be about to be made or to go; what addresses it
            # has, it keeps.
            texts.say(f'{instance.id}  not compared: {instance.status}')
        wrong += bool(problems)
        for problem in problems:
            texts.say(f'{instance.id}  {problem}')
        if not instance.addresses and not problems:
            recorded += _record(cloud, instance)
    texts.say(f'{total} instances, addresses of {recorded} recorded.')
    if wrong:
        raise exception.CloudError(
            f'{wrong} instances differ from the cloud; see above. Their jobs '
            'would fail: correct the cloud or delete the instances, then run '
            'the command again.'
        )


def _problems(
    cloud: cloud_base.Cloud, instance: entities.Instance
) -> Iterator[str]:
    server = cloud.compute.get_server(_OPERATOR, instance.id)
    if server is None:
        yield 'has no server with its mark in the cloud'
    elif instance.compute_instance_id not in (None, server.id):
        yield (
            f'has server {server.id} in the cloud, and '
            f'{instance.compute_instance_id} in the database'
        )
    if not instance.volume_size:
        return
    volume = cloud.volumes.get(_OPERATOR, instance.id)
    if volume is None:
        yield 'has no volume with its name in the cloud'
    elif instance.volume_id not in (None, volume.id):
        yield (
            f'has volume {volume.id} in the cloud, and {instance.volume_id} '
            'in the database'
        )


def _record(cloud: cloud_base.Cloud, instance: entities.Instance) -> bool:
    found = cloud.network.addresses(_OPERATOR, instance.id)
    if not found:
        return False
    instances.set_addresses(instance.id, found)
    shown = ', '.join(address for address, _ in found)
    texts.say(f'{instance.id}  recorded {shown}')
    return True


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    add(
        takeover,
        'Compare all instances with the cloud after an upgrade from a '
        'release, and record the addresses of those that have none in the '
        'database. It may be repeated.',
    )
