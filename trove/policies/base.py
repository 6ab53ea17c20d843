# SPDX-License-Identifier: Apache-2.0
"""The personas that rules are based on, as in other services.

A *reader* sees the resources of the project, a *member* changes them, an
*admin* manages all projects, and a *service* is another service that reads
the instances of all projects. In Keystone the role admin implies member, and
member implies reader; the rules do not rely on that.
"""

from __future__ import annotations

from typing import Any

from oslo_policy import policy

ADMIN = 'rule:admin'
MEMBER = 'rule:project_member_or_admin'
READER = 'rule:project_reader_or_admin'
SERVICE = 'rule:service_or_admin'
ANYBODY = ''

#: The rule of release 26.0 in place of MEMBER and READER.
_BEFORE = 'rule:admin_or_owner'

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
        description='An administrator, or any user of the project of the '
        'resource, whatever the role. No default uses it; it is kept for '
        'custom rules that do.',
    ),
    policy.RuleDefault(
        'project_member',
        'role:member and project_id:%(tenant)s',
        description='A user with the role member in the project of the '
        'resource.',
    ),
    policy.RuleDefault(
        'project_reader',
        '(role:reader or role:member) and project_id:%(tenant)s',
        description='A user with the role reader in the project of the '
        'resource.',
    ),
    policy.RuleDefault(
        'project_member_or_admin',
        'rule:project_member or rule:admin',
        description='Users who may use and change resources of a project.',
    ),
    policy.RuleDefault(
        'project_reader_or_admin',
        'rule:project_reader or rule:admin',
        description='Users who may see resources of a project.',
    ),
    policy.RuleDefault(
        'service_or_admin',
        'role:service or rule:admin',
        description='Users who may see all projects: the user of another '
        'service, or an administrator.',
    ),
    policy.RuleDefault(
        'default',
        'rule:project_member_or_admin',
        description='Rule for undefined rules.',
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
        scope_types=['project'],
        deprecated_rule=(
            policy.DeprecatedRule(
                name,
                _BEFORE,
                deprecated_reason='readers can no longer change resources, '
                'and users without a role in Trove see nothing',
                deprecated_since='27.0.0',
            )
            if check in (MEMBER, READER)
            else None
        ),
    )


def list_rules() -> list[policy.RuleDefault]:
    return RULES
