# SPDX-License-Identifier: Apache-2.0
"""Policies for modules."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

_P = '/v1.0/{project_id}'

RULES: list[policy.RuleDefault] = [
    base.rule(
        'module:create',
        base.MEMBER,
        'Create a module.',
        ('POST', f'{_P}/modules'),
    ),
    base.rule(
        'module:delete',
        base.MEMBER,
        'Delete a module.',
        ('DELETE', f'{_P}/modules/{{module_id}}'),
    ),
    base.rule(
        'module:index',
        base.READER,
        'List the modules of the project.',
        ('GET', f'{_P}/modules'),
    ),
    base.rule(
        'module:show',
        base.READER,
        'Show a module.',
        ('GET', f'{_P}/modules/{{module_id}}'),
    ),
    base.rule(
        'module:instances',
        base.READER,
        'List the instances that have a module.',
        ('GET', f'{_P}/modules/{{module_id}}/instances'),
    ),
    base.rule(
        'module:update',
        base.MEMBER,
        'Change a module.',
        ('PUT', f'{_P}/modules/{{module_id}}'),
    ),
    base.rule(
        'module:reapply',
        base.MEMBER,
        'Reapply a module to the instances that have it.',
        ('PUT', f'{_P}/modules/{{module_id}}/instances'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
