# SPDX-License-Identifier: Apache-2.0
"""Who may manage. Released Trove has no rules here: an administrator may."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'mgmt:instance:index',
        base.ADMIN,
        'List the instances of all projects.',
        ('GET', f'{base.MGMT}/instances'),
    ),
    base.rule(
        'mgmt:instance:show',
        base.ADMIN,
        'Show an instance with what only operators see.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}'),
    ),
    base.rule(
        'mgmt:instance:reboot',
        base.ADMIN,
        'Reboot the server of an instance.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:root',
        base.ADMIN,
        'Tell when and by whom root was enabled.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/root'),
    ),
    base.rule(
        'mgmt:instance:rpc_ping',
        base.ADMIN,
        'Ask whether the guest agent answers.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/rpc_ping'),
    ),
    base.rule(
        'mgmt:instance:diagnostics',
        base.ADMIN,
        'Show the memory that the guest agent uses.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/diagnostics'),
    ),
    base.rule(
        'mgmt:instance:hwinfo',
        base.ADMIN,
        'Show memory and processors of the server.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/hwinfo'),
    ),
    base.rule(
        'mgmt:quota:show',
        base.ADMIN_OR_OWNER,
        'Show the quotas of a project.',
        ('GET', f'{base.MGMT}/quotas/{{project}}'),
    ),
    base.rule(
        'mgmt:quota:update',
        base.ADMIN,
        'Change the quotas of a project.',
        ('PUT', f'{base.MGMT}/quotas/{{project}}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
