# SPDX-License-Identifier: Apache-2.0
"""Policies for clusters; this release has none."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

_P = '/v1.0/{project_id}'

RULES: list[policy.RuleDefault] = [
    base.rule(
        'cluster:create',
        base.MEMBER,
        'Create a cluster.',
        ('POST', f'{_P}/clusters'),
    ),
    base.rule(
        'cluster:delete',
        base.MEMBER,
        'Delete a cluster.',
        ('DELETE', f'{_P}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'cluster:force_delete',
        base.MEMBER,
        'Cancel the current task of a cluster before its deletion.',
        ('POST', f'{_P}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'cluster:index',
        base.READER,
        'List the clusters of the project.',
        ('GET', f'{_P}/clusters'),
    ),
    base.rule(
        'cluster:show',
        base.READER,
        'Show a cluster.',
        ('GET', f'{_P}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'cluster:show_instance',
        base.READER,
        'Show an instance of a cluster.',
        ('GET', f'{_P}/clusters/{{cluster_id}}/instances/{{member_id}}'),
    ),
    base.rule(
        'cluster:action',
        base.MEMBER,
        'Change a cluster.',
        ('POST', f'{_P}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'cluster:reset-status',
        base.ADMIN,
        'Cancel the current task of a cluster.',
        ('POST', f'{_P}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'cluster:extension:root:create',
        base.MEMBER,
        'Enable the root user of a cluster.',
        ('POST', f'{_P}/clusters/{{cluster_id}}/root'),
    ),
    base.rule(
        'cluster:extension:root:delete',
        base.MEMBER,
        'Disable the root user of a cluster.',
        ('DELETE', f'{_P}/clusters/{{cluster_id}}/root'),
    ),
    base.rule(
        'cluster:extension:root:index',
        base.READER,
        'Tell whether root was ever enabled.',
        ('GET', f'{_P}/clusters/{{cluster_id}}/root'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
