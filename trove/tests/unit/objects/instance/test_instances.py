# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses
import datetime

import sqlalchemy as sa
from testtools import matchers

from trove.common import exception
from trove.common import text
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects.guest import heartbeats
from trove.objects.instance import cancelling
from trove.objects.instance import entities
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.instance import workflows
from trove.tests.unit.objects import base

Status = states.ServiceStatus
Task = states.Task


class TestCreate(base.TestCase):
    def test_it_is_being_built(self):
        made = self.create(
            name='orders',
            access={'is_public': True, 'allowed_cidrs': ['10.0.0.0/8']},
        )

        self.assertEqual('orders', made.name)
        self.assertEqual(base.ALICE, made.tenant_id)
        self.assertEqual('BUILD', made.status)
        self.assertEqual('', made.operating_status)
        self.assertIs(Status.NEW, made.service_status)
        self.assertEqual('postgresql', made.datastore_version.manager)
        self.assertEqual(
            'postgresql', made.datastore_version.datastore_name
        )
        self.assertEqual(['10.0.0.0/8'], made.access['allowed_cidrs'])
        self.assertEqual((), made.addresses)
        self.assertIsNone(made.fault)
        self.assertEqual(made, instances.get(self.context, made.id))

    def test_its_id_may_be_given(self):
        given = '5f8d9f0e-3f4c-4f0a-9a53-7f1f3c3f6a11'

        self.assertEqual(given, self.create(instance_id=given).id)

    def test_its_work_is_queued(self):
        made = self.create(details={'nics': ['n']})

        work = workflows.get_workflow(made.id)

        self.assertEqual('create_instance', work.action)
        self.assertEqual('queued', work.state)
        self.assertIsNone(work.owner)
        self.assertEqual(self.context.request_id, work.request_id)
        self.assertEqual({'nics': ['n']}, work.details)
        self.assertEqual([work], workflows.workflows())

    def test_it_keeps_what_release_26_reads(self):
        made = self.create()

        with session.reader() as db:
            row = db.get(models.Instance, made.id)

        self.assertEqual(5, row.task_id)
        self.assertEqual('The instance is building.', row.task_description)


class TestGet(base.TestCase):
    def test_unknown(self):
        for unknown in ('nope', '', 'x' * 300, 'a\0b'):
            error = self.assertRaises(
                exception.InstanceNotFound,
                instances.get,
                self.context,
                unknown,
            )
            self.assertEqual(404, error.code)

    def test_another_projects(self):
        made = self.create()

        self.assertRaises(
            exception.InstanceNotFound,
            instances.get,
            self.make_context(base.BOB),
            made.id,
        )
        self.assertEqual(made.id, instances.get(self.admin, made.id).id)

    def test_a_deleted_one(self):
        made = self.create()
        instances.mark_deleted(made.id)

        self.assertRaises(
            exception.InstanceNotFound, instances.get, self.context, made.id
        )
        found = instances.get(self.context, made.id, include_deleted=True)
        self.assertTrue(found.deleted)
        self.assertEqual('SHUTDOWN', found.status)
        self.assertIs(Status.DELETED, found.service_status)

    def test_one_that_release_26_made(self):
        made = self.ready()
        self.change(made.id, server_status=None, task_description=None)

        found = self.get(made.id)

        self.assertEqual('ACTIVE', found.status)
        self.assertEqual('No tasks for the instance.', found.task_description)

    def test_damaged_access_is_passed_over(self):
        made = self.create()
        self.change(made.id, access='{"is_pub')

        self.assertIsNone(self.get(made.id).access)
        self.assertIn(f'access of instance {made.id}', self.logs.output)

    def test_one_of_the_service_statuses(self):
        made = self.ready()
        with session.writer() as db:
            db.add(
                models.ServiceStatus(
                    id='f' * 36,
                    instance_id=made.id,
                    status_id=Status.CRASHED.code,
                    status_description='crashed',
                )
            )

        found, _ = instances.list_(self.context, limit=10)

        self.assertEqual([made.id], [each.id for each in found])

    def test_its_key_does_not_show(self):
        made = self.create()
        instances.update(made.id, encrypted_key='s3cret')

        found = self.get(made.id)

        self.assertEqual('s3cret', found.encrypted_key)
        self.assertNotIn('s3cret', repr(found))


class TestChange(base.TestCase):
    def test_rename(self):
        made = self.create()

        instances.change(self.context, made.id, name='new')

        renamed = self.get(made.id)
        self.assertEqual('new', renamed.name)
        self.assertIsNone(renamed.access)
        self.assertGreaterEqual(renamed.updated, made.updated)

    def test_what_is_not_changed_of_access_stays(self):
        made = self.create(access={'is_public': True})

        base.at_once(
            *(
                lambda access=access: instances.change(
                    self.context, made.id, access=access
                )
                for access in ({'is_public': False}, {'allowed_cidrs': ['c']})
            )
        )

        self.assertEqual(
            {'is_public': False, 'allowed_cidrs': ['c']},
            self.get(made.id).access,
        )
        self.assertEqual('db', self.get(made.id).name)

    def test_another_projects_is_not_renamed(self):
        made = self.create()

        self.assertRaises(
            exception.InstanceNotFound,
            instances.change,
            self.make_context(base.BOB),
            made.id,
            name='new',
        )
        self.assertEqual('db', self.get(made.id).name)

    def test_update(self):
        made = self.create()

        instances.update(
            made.id,
            compute_instance_id='server',
            access={'is_public': False},
        )

        found = self.get(made.id)
        self.assertEqual('server', found.compute_instance_id)
        self.assertEqual({'is_public': False}, found.access)

    def test_what_is_no_column_is_not_updated(self):
        made = self.create()

        error = self.assertRaises(
            TypeError, instances.update, made.id, nope=1
        )

        self.assertIn('nope', str(error))

    def test_what_does_not_exist_is_not_updated(self):
        for function, args in (
            (instances.update, ()),
            (instances.set_addresses, ([],)),
            (instances.add_fault, ('m',)),
            (cancelling.reset, ()),
        ):
            self.assertRaises(
                exception.InstanceNotFound, function, 'nope', *args
            )

    def test_addresses_replace_the_former(self):
        made = self.create()
        instances.set_addresses(made.id, [('127.42.0.2', 'private')])

        instances.set_addresses(
            made.id,
            [
                entities.Address('203.0.113.5', 'public'),
                entities.Address('127.42.0.3'),
                entities.Address('127.42.0.3'),
            ],
        )

        self.assertEqual(
            [('127.42.0.3', 'private'), ('203.0.113.5', 'public')],
            [
                (each.address, each.type)
                for each in self.get(made.id).addresses
            ],
        )

    def test_faults(self):
        made = self.ready()

        instances.add_fault(made.id, 'old')
        message = f'It failed: {"m" * 300}\0. Repeat it.'
        instances.add_fault(made.id, message, 'd' * 100_000)

        found = self.get(made.id)
        self.assertEqual('ACTIVE', found.status)
        self.assertEqual(255, len(found.fault.message))
        self.assertThat(
            found.fault.message,
            matchers.MatchesAll(
                matchers.StartsWith('It failed: mmm'),
                matchers.EndsWith(r'mmm\x00. Repeat it.'),
            ),
        )
        self.assertThat(
            found.fault.details,
            matchers.StartsWith(text.printable(message) + '\n'),
        )
        instances.clear_faults(made.id)
        self.assertIsNone(self.get(made.id).fault)

    def test_old_faults_are_forgotten(self):
        made, other = self.ready(), self.ready()
        instances.add_fault(other.id, 'of another')
        for number in range(_rows.MAX_FAULTS + 3):
            instances.add_fault(made.id, f'fault {number}')

        with session.reader() as db:
            kept = db.scalars(
                sa.select(models.InstanceFault.message).where(
                    models.InstanceFault.instance_id == made.id
                )
            ).all()
        self.assertEqual(_rows.MAX_FAULTS, len(kept))
        shown = self.get(made.id).fault.message
        self.assertEqual(f'fault {_rows.MAX_FAULTS + 2}', shown)
        self.assertEqual('of another', self.get(other.id).fault.message)

    def test_require_available(self):
        made = self.ready()
        made.require_available()

        self.beat(made.id, 'CRASHED')
        self.assertRaises(
            exception.Unprocessable, self.get(made.id).require_available
        )
        self.restart(made.id)
        self.assertRaises(
            exception.InstanceBusy, self.get(made.id).require_available
        )


class TestMarkDeleted(base.TestCase):
    def test_what_was_not_sent_is_discarded(self):
        made = self.create()

        self.assertTrue(instances.mark_deleted(made.id))
        self.assertFalse(instances.mark_deleted(made.id))

        self.assertIsNone(workflows.get_workflow(made.id))

    def test_what_a_task_manager_builds_is_not_discarded(self):
        made = self.create()
        self.claim(made.id, 'create_instance')

        self.assertFalse(instances.mark_deleted(made.id))

        self.assertEqual('BUILD', self.get(made.id).status)

    def test_only_the_owner_ends_a_deletion(self):
        made = self.ready()
        instances.set_addresses(made.id, [('127.42.0.2', 'private')])
        self.delete(made.id)
        self.claim(made.id, 'delete_instance')

        self.assertFalse(instances.mark_deleted(made.id, base.OTHER))
        self.assertFalse(instances.mark_deleted(made.id))
        self.assertTrue(instances.mark_deleted(made.id, base.OWNER))

        gone = self.get(made.id)
        self.assertTrue(gone.deleted)
        self.assertIsNotNone(gone.deleted_at)
        self.assertEqual((), gone.addresses)
        self.assertIsNone(gone.datastore_version)
        self.assertIsNone(heartbeats.heartbeat(made.id))

    def test_what_nobody_works_on_is_not_an_owners(self):
        made = self.ready()

        self.assertFalse(instances.mark_deleted(made.id, base.OWNER))


class TestSilence(base.TestCase):
    def later(self, made, seconds):
        """The instance as it counts so many seconds after a report."""
        heard = made.heard_at - datetime.timedelta(seconds=seconds)
        return dataclasses.replace(made, heard_at=heard).judged(60)

    def test_too_long(self):
        made = self.ready()

        silent = self.later(made, 75)

        self.assertEqual('HEALTHY', self.later(made, 30).operating_status)
        self.assertEqual('ERROR', silent.operating_status)
        self.assertEqual('ACTIVE', silent.status)
        error = self.assertRaises(
            exception.Unprocessable, silent.require_available
        )
        self.assertIn('for 75 seconds', str(error))

    def test_a_task_says_more(self):
        made = self.ready()
        self.restart(made.id)

        silent = self.later(self.get(made.id), 75)

        self.assertEqual('', silent.operating_status)
        self.assertRaises(exception.InstanceBusy, silent.require_available)

    def test_who_never_spoke_or_is_gone_is_not_silent(self):
        made = self.ready()
        instances.mark_deleted(made.id)

        gone = self.later(self.get(made.id), 75)
        unheard = dataclasses.replace(made, heard_at=None).judged(0)

        self.assertIsNone(gone.silent_for)
        self.assertIsNone(unheard.silent_for)
