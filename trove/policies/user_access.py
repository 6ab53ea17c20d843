# SPDX-License-Identifier: Apache-2.0
"""Policies for the grants of a user."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:extension:user_access:index',
        base.READER,
        'List the databases that a user may use.',
        ('GET', f'{base.INSTANCE}/users/{{name}}/databases'),
    ),
    base.rule(
        'instance:extension:user_access:update',
        base.MEMBER,
        'Grant a user access to databases.',
        ('PUT', f'{base.INSTANCE}/users/{{name}}/databases'),
    ),
    base.rule(
        'instance:extension:user_access:delete',
        base.MEMBER,
        'Revoke access of a user to a database.',
        ('DELETE', f'{base.INSTANCE}/users/{{name}}/databases/{{database}}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
