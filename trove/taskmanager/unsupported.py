# SPDX-License-Identifier: Apache-2.0
"""Refuses jobs that APIs of other releases send and that are unsupported.

A job is a cast and has no reply. So its instances get a fault, and the tasks
of its instances, backups and clusters end.

``trove/tests/unit/taskmanager/workflows/test_registry.py`` names a line that
is missing or left over. The table cannot be derived: the contract does not
have the texts.
"""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from trove.common import context as trove_context
from trove.common import exception
from trove.objects import cluster as clusters
from trove.objects.instance import instances
from trove.objects.instance import tasks
from trove.objects.instance import workflows
from trove.taskmanager import owner as owners
from trove.taskmanager.workflows import base

LOG = logging.getLogger(__name__)

Context = trove_context.TroveContext

#: What each job would do, by name: the subject of the refusal.
JOBS = {
    'create_cluster': 'A cluster',
    'delete_cluster': 'A cluster',
    'grow_cluster': 'A cluster',
    'restart_cluster': 'A cluster',
    'shrink_cluster': 'A cluster',
    'upgrade_cluster': 'A cluster',
}


def refuse(
    env: base.Environment,
    context: Context,
    job: str,
    what: str,
    arguments: Mapping[str, Any],
) -> None:
    """Give the instances of a job a fault, and end their tasks.

    It raises nothing.

    :param job: a key of :data:`JOBS`
    :param what: its value
    :param arguments: of the message
    """
    text = f'{exception.NotSupported(what=what)} Nothing was changed.'
    LOG.warning(
        'Refused job %s of request %s: %s An API of another release sent it, '
        'or another program did. Upgrade that API.',
        job,
        context.request_id,
        text,
    )
    try:
        for instance_id in _end_others(env, job, arguments):
            _fail(env, context, job, instance_id, text)
    except base.DatabaseGone as error:
        LOG.error(
            'Could not record the refusal of job %s of request %s: %s. '
            'Repair the database; if an instance stays busy, reset its '
            'status.',
            job,
            context.request_id,
            error,
        )


def _end_others(
    env: base.Environment, job: str, arguments: Mapping[str, Any]
) -> list[str]:
    """End the tasks of backups and clusters; return the instances' ids."""
    found = [arguments.get('instance_id')]
    cluster_id = arguments.get('cluster_id')
    if cluster_id:
        found += env.database(clusters.end_task, str(cluster_id))
    for name in ('instance_ids', 'new_instance_ids'):
        found += arguments.get(name) or ()
    return list(dict.fromkeys(str(each) for each in found if each))


def _fail(
    env: base.Environment,
    context: Context,
    job: str,
    instance_id: str,
    text: str,
) -> None:
    owner = owners.unique(env.process)
    details = f'Request {context.request_id}, {job}.'
    claimed = env.database(
        workflows.claim_workflow, instance_id, job, owner, context.request_id
    )
    if claimed:
        env.database(
            tasks.fail_task,
            instance_id,
            owner,
            message=text,
            details=details,
        )
        return
    try:
        env.database(instances.add_fault, instance_id, text, details)
    except exception.InstanceNotFound:
        LOG.info('Instance %s not found.', instance_id)
