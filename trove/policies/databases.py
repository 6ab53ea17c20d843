# SPDX-License-Identifier: Apache-2.0
"""Policies for the databases of an instance."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:extension:database:create',
        base.MEMBER,
        'Create databases.',
        ('POST', base.INSTANCES),
        ('POST', f'{base.INSTANCE}/databases'),
    ),
    base.rule(
        'instance:extension:database:index',
        base.READER,
        'List the databases.',
        ('GET', f'{base.INSTANCE}/databases'),
    ),
    base.rule(
        'instance:extension:database:delete',
        base.MEMBER,
        'Delete a database.',
        ('DELETE', f'{base.INSTANCE}/databases/{{name}}'),
    ),
    base.rule(
        'instance:extension:database:show',
        base.READER,
        'Show a database.',
        ('GET', f'{base.INSTANCE}/databases/{{name}}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
