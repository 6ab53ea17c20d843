# SPDX-License-Identifier: Apache-2.0
"""The configuration files of the server of a new instance."""

from __future__ import annotations

from collections.abc import Mapping

from oslo_config import cfg

from trove.common import broker_accounts
from trove.common import guest_config
from trove.common import rpc
from trove.conf import rabbit
from trove.guestagent import api as guestagent
from trove.objects.instance import entities
from trove.objects.keys import instance_keys
from trove.taskmanager.workflows import base

#: Their names, in the order in which a guest agent reads them.
CONFIG = 'trove-guestagent.conf'
INFO = 'guest_info.conf'


def make(
    conf: cfg.ConfigOpts,
    instance: entities.Instance,
    manager: str,
    key: str | None = None,
    account: broker_accounts.Account | None = None,
    version: str | None = None,
    restored: bool = False,
) -> dict[str, str]:
    """Return the content of the files by their name.

    :param manager: the guest's datastore manager, such as "postgresql"
    :param key: for its messages; None when they are not encrypted
    :param account: at the message broker; None when all guests share one
    :param version: of the datastore, such as 18.6
    :param restored: its data come from a backup
    :raises ConfigurationError: ``guest_config`` cannot be read, or has secrets
    """
    return {
        CONFIG: _config(conf, key is not None, account),
        INFO: _ini(
            {
                'guest_id': instance.id,
                'datastore_manager': manager,
                'datastore_version': version,
                'tenant_id': instance.tenant_id,
                'instance_rpc_encr_key': key,
            }
        )
        + (_ini({'restored': 'true'}, '[guestagent]') if restored else ''),
    }


def key(workflow: base.Workflow) -> str | None:
    """Return the key of the guest's messages, stored with the row."""
    if not workflow.conf.enable_secure_rpc_messaging:
        return None
    return workflow.env.database(
        instance_keys.create, workflow.conf, workflow.instance_id
    )


def account(workflow: base.Workflow) -> broker_accounts.Account | None:
    """Give the guest an account at the message broker, or a new password."""
    if not workflow.conf.guest_accounts.management_url:
        return None
    return broker_accounts.Accounts(workflow.conf).create(
        workflow.instance_id,
        guestagent.API.interface.topic(workflow.conf, workflow.instance_id),
    )


def _config(
    conf: cfg.ConfigOpts,
    encrypted: bool,
    account: broker_accounts.Account | None,
) -> str:
    shared = conf.taskmanager.guest_transport_url or getattr(
        conf, 'transport_url', None
    )
    # Before [DEFAULT]: the appended guest_config may begin without a group.
    text = _ini(rabbit.shared(conf, rpc.parse_url(conf)), f'[{rabbit.GROUP}]')
    text += _ini(
        {
            'transport_url': account.url if account else shared,
            'rpc_own_account': 'true' if account else None,
            'control_exchange': getattr(conf, 'control_exchange', None),
            'conductor_queue': conf.conductor_queue,
            # Always set: the default of a guest may be another one.
            'enable_secure_rpc_messaging': str(encrypted).lower(),
            'rpc_seal_minimum': conf.rpc_seal_minimum,
        }
    )
    more = guest_config.read(conf)
    return f'{text}\n{more}' if more else text


def _ini(values: Mapping[str, str | None], group: str = '[DEFAULT]') -> str:
    lines = [group]
    for name, value in values.items():
        if value is not None:
            # oslo.config substitutes $name.
            lines.append(f'{name} = {value.replace("$", "$$")}')
    return '\n'.join(lines) + '\n'
