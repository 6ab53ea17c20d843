# SPDX-License-Identifier: Apache-2.0
"""The commands of ``trove-manage`` for accounts at the message broker."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from oslo_config import cfg

from trove.cmd import _files
from trove.common import broker_accounts
from trove.common import context as trove_context
from trove.common import exception
from trove.common import text as texts
from trove.guestagent import api as guestagent
from trove.objects.instance import instances

_OPERATOR = trove_context.TroveContext(is_admin=True)

_FILE = """\
# The account of the guest agent of instance {instance} at the message broker.
# Who has it can act in its place there, so nobody else may read this file.
[DEFAULT]
rpc_own_account = true
transport_url = {url}
"""


def guest_account_create(conf: cfg.ConfigOpts) -> None:
    instance_id, path = conf.command.instance, conf.command.target
    instance = instances.get(_OPERATOR, instance_id)
    accounts = broker_accounts.Accounts(conf)
    topic = guestagent.API.interface.topic(conf, instance.id)
    with _files.new(path) as target:
        account = accounts.create(instance.id, topic)
        # oslo.config would take a dollar sign for a reference.
        url = account.url.replace('$', '$$')
        target.write(_FILE.format(instance=instance.id, url=url))
    texts.say(
        f'The account {account.name} reaches the queues of instance '
        f'{instance.id} and no others. Give its guest agent {path}, as its '
        'last --config-file, start it again, and delete the file here. A '
        'password that it had before is no longer valid.'
    )


def guest_account_delete(conf: cfg.ConfigOpts) -> None:
    instance_id = conf.command.instance
    if not broker_accounts.Accounts(conf).delete(instance_id):
        raise exception.NotFound(
            f'There is no account for instance {instance_id}. List those '
            'that there are with "trove-manage guest_account_list".'
        )
    texts.say(
        f'The account of instance {instance_id} is deleted. If its guest '
        'agent used it, nothing reaches the agent until it has another '
        'transport_url.'
    )


def guest_account_list(conf: cfg.ConfigOpts) -> None:
    """Print each account, and whether there is an instance for it."""
    for instance_id in broker_accounts.Accounts(conf).instances():
        try:
            state = f'of {instances.get(_OPERATOR, instance_id).name}'
        except exception.NotFound:
            state = 'no such instance; delete the account'
        texts.say(f'{instance_id}  {state}')


def add_commands(
    add: Callable[
        [Callable[[cfg.ConfigOpts], None], str], argparse.ArgumentParser
    ],
) -> None:
    parser = add(
        guest_account_create,
        'Make an account at RabbitMQ for the guest agent of an instance, '
        'which reaches no queue of anybody else; or give the one it has a '
        'new password. Needs [guest_accounts] management_url.',
    )
    parser.add_argument('instance', help='Id of the instance.')
    parser.add_argument(
        '--file',
        dest='target',
        required=True,
        help='Write the settings of the guest agent into this new file, '
        'which only you may read.',
    )
    parser = add(
        guest_account_delete,
        'Delete the account of an instance at RabbitMQ.',
    )
    parser.add_argument('instance', help='Id of the instance.')
    add(
        guest_account_list,
        'List the instances whose guest agents have an account at RabbitMQ '
        'of their own.',
    )
