# SPDX-License-Identifier: Apache-2.0
"""Policies for users of databases."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:extension:user:create',
        base.MEMBER,
        'Create users.',
        ('POST', base.INSTANCES),
        ('POST', f'{base.INSTANCE}/users'),
    ),
    base.rule(
        'instance:extension:user:index',
        base.READER,
        'List the users.',
        ('GET', f'{base.INSTANCE}/users'),
    ),
    base.rule(
        'instance:extension:user:show',
        base.READER,
        'Show a user.',
        ('GET', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:delete',
        base.MEMBER,
        'Delete a user.',
        ('DELETE', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:update',
        base.MEMBER,
        'Change name, password or host of a user.',
        ('PUT', f'{base.INSTANCE}/users/{{name}}'),
    ),
    base.rule(
        'instance:extension:user:update_all',
        base.MEMBER,
        'Change the passwords of users.',
        ('PUT', f'{base.INSTANCE}/users'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
