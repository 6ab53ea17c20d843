# SPDX-License-Identifier: Apache-2.0
"""What the rules are made of."""

from __future__ import annotations

from typing import Any

from oslo_policy import policy

ADMIN = 'rule:admin'
ADMIN_OR_OWNER = 'rule:admin_or_owner'
ANYBODY = ''

INSTANCES = '/v1.0/{project_id}/instances'
INSTANCE = f'{INSTANCES}/{{instance_id}}'
DATASTORES = '/v1.0/{project_id}/datastores'
MGMT = '/v1.0/{project_id}/mgmt'

RULES: list[policy.RuleDefault] = [
    policy.RuleDefault(
        'admin',
        'role:admin or is_admin:True',
        description='An administrator of Trove: a role of admin_roles.',
    ),
    policy.RuleDefault(
        'admin_or_owner',
        'rule:admin or project_id:%(tenant)s',
        description='An administrator, or a user of the project that the '
        'resource belongs to.',
    ),
    policy.RuleDefault(
        'default',
        'rule:admin_or_owner',
        description='What holds for a rule that is not defined.',
    ),
]


def rule(
    name: str,
    check: str,
    description: str,
    *operations: tuple[str, str],
) -> policy.DocumentedRuleDefault:
    """Return a documented rule; operations are (verb, path) pairs."""
    paths: list[Any] = [
        {'method': verb, 'path': path} for verb, path in operations
    ]
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=check,
        description=description,
        operations=paths,
    )


def list_rules() -> list[policy.RuleDefault]:
    return RULES
