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
# Broker account of the guest agent of instance {instance}.
# It allows to impersonate the agent, so restrict access to this file.
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
        f'Account {account.name} can access the queues of instance '
        f'{instance.id} only. Pass {path} to its guest agent as the last '
        '--config-file, restart the agent, and delete the file here. Any '
        'previous password is no longer valid.'
    )


def guest_account_delete(conf: cfg.ConfigOpts) -> None:
    instance_id = conf.command.instance
    if not broker_accounts.Accounts(conf).delete(instance_id):
        raise exception.NotFound(
            f'Instance {instance_id} has no account. List the accounts with '
            '"trove-manage guest_account_list".'
        )
    texts.say(
        f'Deleted the account of instance {instance_id}. If its guest agent '
        'used it, the agent is unreachable until it has another transport_url.'
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
        'Create an account at RabbitMQ for the guest agent of an instance, '
        'which can access only its own queues; or reset the password of an '
        'existing one. Requires [guest_accounts] management_url.',
    )
    parser.add_argument('instance', help='ID of the instance.')
    parser.add_argument(
        '--file',
        dest='target',
        required=True,
        help='Write the settings for the guest agent to this new file, '
        'readable only by you.',
    )
    parser = add(
        guest_account_delete,
        'Delete the account of an instance at RabbitMQ.',
    )
    parser.add_argument('instance', help='ID of the instance.')
    add(
        guest_account_list,
        'List the instances whose guest agents have their own account at '
        'RabbitMQ.',
    )
