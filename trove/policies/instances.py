# SPDX-License-Identifier: Apache-2.0
"""Who may do what with instances."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:create',
        base.ADMIN_OR_OWNER,
        'Create an instance.',
        ('POST', base.INSTANCES),
    ),
    base.rule(
        'instance:index',
        base.ADMIN_OR_OWNER,
        'List the instances of the project.',
        ('GET', base.INSTANCES),
    ),
    base.rule(
        'instance:detail',
        base.ADMIN_OR_OWNER,
        'List the instances of the project with details.',
        ('GET', f'{base.INSTANCES}/detail'),
    ),
    base.rule(
        'instance:show',
        base.ADMIN_OR_OWNER,
        'Show an instance.',
        ('GET', base.INSTANCE),
    ),
    base.rule(
        'instance:update',
        base.ADMIN_OR_OWNER,
        'Change name or access of an instance.',
        ('PUT', base.INSTANCE),
    ),
    base.rule(
        'instance:delete',
        base.ADMIN_OR_OWNER,
        'Delete an instance.',
        ('DELETE', base.INSTANCE),
    ),
    base.rule(
        'instance:restart',
        base.ADMIN_OR_OWNER,
        'Restart the database of an instance.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:resize_flavor',
        base.ADMIN_OR_OWNER,
        'Give an instance another flavor.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:resize_volume',
        base.ADMIN_OR_OWNER,
        'Give an instance a larger volume.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
