# SPDX-License-Identifier: Apache-2.0
"""Policies for backups."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

_P = '/v1.0/{project_id}'

RULES: list[policy.RuleDefault] = [
    base.rule(
        'backup:create',
        base.MEMBER,
        'Create a backup.',
        ('POST', f'{_P}/backups'),
    ),
    base.rule(
        'backup:delete',
        base.MEMBER,
        'Delete a backup.',
        ('DELETE', f'{_P}/backups/{{backup_id}}'),
    ),
    base.rule(
        'backup:index',
        base.READER,
        'List the backups of the project.',
        ('GET', f'{_P}/backups'),
    ),
    base.rule(
        'backup:index:all_projects',
        base.ADMIN,
        'List the backups of all projects.',
        ('GET', f'{_P}/backups'),
    ),
    base.rule(
        'backup:show',
        base.READER,
        'Show a backup.',
        ('GET', f'{_P}/backups/{{backup_id}}'),
    ),
    base.rule(
        'backup:verify',
        base.MEMBER,
        'Verify that a backup can be restored.',
        ('POST', f'{_P}/backups/{{backup_id}}/action'),
    ),
    base.rule(
        'backup_strategy:create',
        base.MEMBER,
        'Set the backup strategy.',
        ('POST', f'{_P}/backup_strategies'),
    ),
    base.rule(
        'backup_strategy:index',
        base.READER,
        'Show the backup strategies.',
        ('GET', f'{_P}/backup_strategies'),
    ),
    base.rule(
        'backup_strategy:delete',
        base.MEMBER,
        'Delete a backup strategy.',
        ('DELETE', f'{_P}/backup_strategies'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
