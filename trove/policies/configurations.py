# SPDX-License-Identifier: Apache-2.0
"""Policies for configuration groups and parameters."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

_P = '/v1.0/{project_id}'
_VERSION = f'{_P}/datastores/{{datastore}}/versions/{{version}}'

RULES: list[policy.RuleDefault] = [
    base.rule(
        'configuration:create',
        base.MEMBER,
        'Create a configuration group.',
        ('POST', f'{_P}/configurations'),
    ),
    base.rule(
        'configuration:delete',
        base.MEMBER,
        'Delete a configuration group.',
        ('DELETE', f'{_P}/configurations/{{configuration_id}}'),
    ),
    base.rule(
        'configuration:index',
        base.READER,
        'List the configuration groups of the project.',
        ('GET', f'{_P}/configurations'),
    ),
    base.rule(
        'configuration:show',
        base.READER,
        'Show a configuration group.',
        ('GET', f'{_P}/configurations/{{configuration_id}}'),
    ),
    base.rule(
        'configuration:instances',
        base.READER,
        'List the instances that a group is attached to.',
        ('GET', f'{_P}/configurations/{{configuration_id}}/instances'),
    ),
    base.rule(
        'configuration:update',
        base.MEMBER,
        'Replace the values of a configuration group.',
        ('PUT', f'{_P}/configurations/{{configuration_id}}'),
    ),
    base.rule(
        'configuration:edit',
        base.MEMBER,
        'Change values of a configuration group.',
        ('PATCH', f'{_P}/configurations/{{configuration_id}}'),
    ),
    base.rule(
        'configuration-parameter:index',
        base.READER,
        'List the parameters of a version.',
        (
            'GET',
            f'{_VERSION}/parameters',
        ),
    ),
    base.rule(
        'configuration-parameter:show',
        base.READER,
        'Show a parameter of a version.',
        (
            'GET',
            f'{_VERSION}/parameters/{{name}}',
        ),
    ),
    base.rule(
        'configuration-parameter:index_by_version',
        base.READER,
        'List the parameters of a version, by its ID alone.',
        ('GET', f'{_P}/datastores/versions/{{version}}/parameters'),
    ),
    base.rule(
        'configuration-parameter:show_by_version',
        base.READER,
        'Show a parameter of a version, by its ID alone.',
        ('GET', f'{_P}/datastores/versions/{{version}}/parameters/{{name}}'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
