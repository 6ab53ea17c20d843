# SPDX-License-Identifier: Apache-2.0
"""Policies for administration; released Trove only requires an admin."""

from __future__ import annotations

from oslo_policy import policy

from trove.policies import base

RULES: list[policy.RuleDefault] = [
    base.rule(
        'mgmt:instance:index',
        base.SERVICE,
        'List the instances of all projects.',
        ('GET', f'{base.MGMT}/instances'),
    ),
    base.rule(
        'mgmt:instance:show',
        base.SERVICE,
        'Show an instance with details for operators.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}'),
    ),
    base.rule(
        'mgmt:instance:reboot',
        base.ADMIN,
        'Reboot the server of an instance.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:stop',
        base.ADMIN,
        'Stop the database of an instance.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:reset_task_status',
        base.ADMIN,
        'Cancel the current task of an instance: its status becomes ACTIVE. A '
        'half-built or half-deleted instance stays in ERROR.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:migrate',
        base.ADMIN,
        'Move an instance to another host.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:rebuild',
        base.ADMIN,
        'Rebuild the server of an instance.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/action'),
    ),
    base.rule(
        'mgmt:instance:upgrade',
        base.ADMIN,
        'Upgrade the guest agent of an instance.',
        ('POST', f'{base.MGMT}/instances/{{instance_id}}/upgrade'),
    ),
    base.rule(
        'mgmt:instance:root',
        base.ADMIN,
        'Show when and by whom root was enabled.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/root'),
    ),
    base.rule(
        'mgmt:instance:rpc_ping',
        base.SERVICE,
        'Ping the guest agent.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/rpc_ping'),
    ),
    base.rule(
        'mgmt:instance:diagnostics',
        base.ADMIN,
        'Show the memory that the guest agent uses.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/diagnostics'),
    ),
    base.rule(
        'mgmt:instance:hwinfo',
        base.ADMIN,
        'Show memory and CPUs of the server.',
        ('GET', f'{base.MGMT}/instances/{{instance_id}}/hwinfo'),
    ),
    base.rule(
        'mgmt:quota:show',
        base.READER,
        'Show the quotas of a project.',
        ('GET', f'{base.MGMT}/quotas/{{project}}'),
    ),
    base.rule(
        'mgmt:quota:update',
        base.ADMIN,
        'Change the quotas of a project.',
        ('PUT', f'{base.MGMT}/quotas/{{project}}'),
    ),
    base.rule(
        'mgmt:cluster:index',
        base.ADMIN,
        'List the clusters of all projects.',
        ('GET', f'{base.MGMT}/clusters'),
    ),
    base.rule(
        'mgmt:cluster:show',
        base.ADMIN,
        'Show a cluster of any project.',
        ('GET', f'{base.MGMT}/clusters/{{cluster_id}}'),
    ),
    base.rule(
        'mgmt:cluster:reset_task',
        base.ADMIN,
        'Cancel the current task of a cluster.',
        ('POST', f'{base.MGMT}/clusters/{{cluster_id}}/action'),
    ),
    base.rule(
        'mgmt:datastore_version:index',
        base.ADMIN,
        'List the versions of all datastores.',
        ('GET', f'{base.MGMT}/datastore-versions'),
    ),
    base.rule(
        'mgmt:datastore_version:show',
        base.ADMIN,
        'Show a version of a datastore.',
        ('GET', f'{base.MGMT}/datastore-versions/{{version}}'),
    ),
    base.rule(
        'mgmt:datastore_version:create',
        base.ADMIN,
        'Create a version of a datastore.',
        ('POST', f'{base.MGMT}/datastore-versions'),
    ),
    base.rule(
        'mgmt:datastore_version:edit',
        base.ADMIN,
        'Change a version of a datastore.',
        ('PATCH', f'{base.MGMT}/datastore-versions/{{version}}'),
    ),
    base.rule(
        'mgmt:datastore_version:delete',
        base.ADMIN,
        'Delete a version of a datastore.',
        ('DELETE', f'{base.MGMT}/datastore-versions/{{version}}'),
    ),
    base.rule(
        'mgmt:configuration_parameter:index',
        base.ADMIN,
        'List the parameters of a version.',
        ('GET', f'{base.MGMT}/datastores/versions/{{version}}/parameters'),
    ),
    base.rule(
        'mgmt:configuration_parameter:create',
        base.ADMIN,
        'Create a parameter of a version.',
        ('POST', f'{base.MGMT}/datastores/versions/{{version}}/parameters'),
    ),
    base.rule(
        'mgmt:configuration_parameter:show',
        base.ADMIN,
        'Show a parameter of a version.',
        (
            'GET',
            f'{base.MGMT}/datastores/versions/{{version}}/parameters/{{name}}',
        ),
    ),
    base.rule(
        'mgmt:configuration_parameter:update',
        base.ADMIN,
        'Change a parameter of a version.',
        (
            'PUT',
            f'{base.MGMT}/datastores/versions/{{version}}/parameters/{{name}}',
        ),
    ),
    base.rule(
        'mgmt:configuration_parameter:delete',
        base.ADMIN,
        'Delete a parameter of a version.',
        (
            'DELETE',
            f'{base.MGMT}/datastores/versions/{{version}}/parameters/{{name}}',
        ),
    ),
]


def list_rules() -> list[policy.RuleDefault]:
    return RULES
