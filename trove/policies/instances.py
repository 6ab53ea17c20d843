# SPDX-License-Identifier: Apache-2.0
"""Policies for instances."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'instance:create',
        base.MEMBER,
        'Create an instance.',
        ('POST', base.INSTANCES),
    ),
    base.rule(
        'instance:index',
        base.READER,
        'List the instances of the project.',
        ('GET', base.INSTANCES),
    ),
    base.rule(
        'instance:detail',
        base.READER,
        'List the instances of the project with details.',
        ('GET', f'{base.INSTANCES}/detail'),
    ),
    base.rule(
        'instance:show',
        base.READER,
        'Show an instance.',
        ('GET', base.INSTANCE),
    ),
    base.rule(
        'instance:update',
        base.MEMBER,
        'Change the name or access of an instance.',
        ('PUT', base.INSTANCE),
    ),
    base.rule(
        'instance:delete',
        base.MEMBER,
        'Delete an instance.',
        ('DELETE', base.INSTANCE),
    ),
    base.rule(
        'instance:show_fault_details',
        base.ADMIN,
        'See the details of a fault: steps, requests, paths, tracebacks. '
        'Others see its message.',
        ('GET', base.INSTANCE),
        ('GET', f'{base.INSTANCES}/detail'),
    ),
    base.rule(
        'instance:reset_status',
        base.ADMIN,
        'Cancel the current task of an instance: its status becomes ERROR '
        '(action "reset_status").',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:force_delete',
        base.MEMBER,
        'Cancel the current task of an instance before its deletion (action '
        '"reset_status" with "force_delete").',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:promote_to_replica_source',
        base.MEMBER,
        'Promote a replica to be the source.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:eject_replica_source',
        base.MEMBER,
        'Replace a failed source by a replica.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:edit',
        base.MEMBER,
        'Change the datastore version of an instance.',
        ('PATCH', base.INSTANCE),
    ),
    base.rule(
        'instance:backups',
        base.READER,
        'List the backups of an instance.',
        ('GET', f'{base.INSTANCE}/backups'),
    ),
    base.rule(
        'instance:configuration',
        base.READER,
        'Show the default configuration of an instance.',
        ('GET', f'{base.INSTANCE}/configuration'),
    ),
    base.rule(
        'instance:guest_log_list',
        base.READER,
        'List the logs of an instance.',
        ('GET', f'{base.INSTANCE}/log'),
    ),
    base.rule(
        'instance:guest_log_action',
        base.MEMBER,
        'Enable, disable, publish or discard a log.',
        ('POST', f'{base.INSTANCE}/log'),
    ),
    base.rule(
        'instance:ssl_show',
        base.READER,
        'Show whether connections are encrypted.',
        ('GET', f'{base.INSTANCE}/ssl'),
    ),
    base.rule(
        'instance:ssl_action',
        base.MEMBER,
        'Enable or disable encrypted connections.',
        ('POST', f'{base.INSTANCE}/ssl'),
    ),
    base.rule(
        'instance:module_list',
        base.READER,
        'List the modules of an instance.',
        ('GET', f'{base.INSTANCE}/modules'),
    ),
    base.rule(
        'instance:module_apply',
        base.MEMBER,
        'Apply modules to an instance.',
        ('POST', f'{base.INSTANCE}/modules'),
    ),
    base.rule(
        'instance:module_remove',
        base.MEMBER,
        'Remove a module from an instance.',
        ('DELETE', f'{base.INSTANCE}/modules/{{module_id}}'),
    ),
    base.rule(
        'instance:restart',
        base.MEMBER,
        'Restart the database of an instance.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:resize_flavor',
        base.MEMBER,
        'Change the flavor of an instance.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
    base.rule(
        'instance:resize_volume',
        base.MEMBER,
        'Extend the volume of an instance.',
        ('POST', f'{base.INSTANCE}/action'),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
