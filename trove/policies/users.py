# SPDX-License-Identifier: Apache-2.0
"""Who may do what with the users of the databases."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:extension:user:create',
        base.ADMIN_OR_OWNER,
        'Create users.',
        ('POST', base.INSTANCES),
        ('POST', f'{base.INSTANCE}/users'),
    ),
    base.rule(
        'instance:extension:user:index',
        base.ADMIN_OR_OWNER,
        'List the users.',
        ('GET', f'{base.INSTANCE}/users'),
    ),
    base.rule(
        'instance:extension:user:show',
        base.ADMIN_OR_OWNER,
        'Show a user.',
        ('GET', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:delete',
        base.ADMIN_OR_OWNER,
        'Delete a user.',
        ('DELETE', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:update',
        base.ADMIN_OR_OWNER,
        'Change name, password or host of a user.',
        ('PUT', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:update_all',
        base.ADMIN_OR_OWNER,
        'Change the passwords of users.',
        ('PUT', f'{base.INSTANCE}/users'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
