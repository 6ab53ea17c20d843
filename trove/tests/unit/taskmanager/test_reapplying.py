# SPDX-License-Identifier: Apache-2.0
"""Modules of new instances, and modules that are applied again."""

from __future__ import annotations

import base64
import datetime

import fixtures

from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import module as modules
from trove.objects import reapplied
from trove.objects.instance import modules as uses
from trove.taskmanager import reapplying
from trove.tests.unit.taskmanager import scene

CONTENTS = base64.b64encode(b'message=hello').decode()


class ModuleTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(
            module_aes_cbc_key='secret', module_reapply_min_batch_delay=0
        )
        self.module = modules.create(
            self.conf,
            self.context,
            CONTENTS,
            name='one',
            type='ping',
            tenant_id=scene.PROJECT,
        )


class CreateTest(ModuleTestCase):
    def test_a_new_instance_gets_the_contents_of_its_modules(self):
        instance_id = self.given_request()
        guest = self.given_guest(instance_id)
        self.cloud.on(
            'create_server', lambda _: guest.report(scene.Status.BUILDING)
        )

        self.when_created(
            instance_id, modules=[{'module': {'id': self.module.id}}]
        )

        self.assertEqual('ACTIVE', self.shown(instance_id).status)
        (told,) = guest.arguments('prepare')['modules']
        self.assertEqual(CONTENTS, told['module']['contents'])
        self.assertEqual(self.module.md5, told['module']['md5'])

    def test_a_module_that_is_gone_fails_it(self):
        instance_id = self.given_request()
        guest = self.given_guest(instance_id)
        self.cloud.on(
            'create_server', lambda _: guest.report(scene.Status.BUILDING)
        )

        self.when_created(instance_id, modules=[{'module': {'id': 'gone'}}])

        shown = self.shown(instance_id)
        self.assertEqual('ERROR', shown.status)
        self.assertIn('Module gone', shown.fault.message)


class ReapplyTest(ModuleTestCase):
    """Given three instances: two with older contents, one with these."""

    def setUp(self):
        super().setUp()
        self.old = self.given('old'), self.given('old')
        self.new = self.given(self.module.md5)

    def given(self, md5):
        instance_id, guest = self.given_instance()
        guest.answers['module_apply'] = [{'status': 'OK'}]
        uses.record(instance_id, [(self.module.id, md5)])
        return instance_id

    def reapply(self, **values):
        self.manager.reapply_module(
            self.context,
            **{
                'module_id': self.module.id,
                'md5': '',
                'include_clustered': False,
                'batch_size': None,
                'batch_delay': None,
                'force': False,
            }
            | values,
        )

    def asked(self):
        """The instances whose guests were told to apply it."""
        return {
            instance_id
            for instance_id, guest in self.guests.items()
            if 'module_apply' in guest.asked
        }

    def contents(self):
        return dict(uses.users(self.module.id, None))

    def test_where_the_contents_are_others(self):
        self.reapply(batch_size=1)

        self.assertEqual(set(self.old), self.asked())
        self.assertEqual({self.module.md5}, set(self.contents().values()))
        told = self.guests[self.old[0]].arguments('module_apply')
        self.assertEqual(CONTENTS, told['modules'][0]['module']['contents'])

    def test_everywhere_or_where_they_are_these(self):
        self.reapply(md5=self.module.md5)
        self.assertEqual({self.new}, self.asked())

        self.reapply(force=True)
        self.assertEqual({*self.old, self.new}, self.asked())

    def test_a_message_that_comes_late_replaces_nothing(self):
        # Given two requests, of which the second is in the database
        newer = reapplied.Order(
            module_id=self.module.id,
            ordered_by=scene.PROJECT,
            tenant_id=scene.PROJECT,
            md5=self.module.md5,
            include_clustered=False,
            batch_size=1,
            batch_delay=0,
            force=False,
        )
        reapplied.begin(newer, anew=True)
        # When the message of the first comes after that, or twice
        for _ in range(2):
            self.reapply(force=True, recorded=True)
        # Then the second was carried out, and nothing else
        self.assertEqual({self.new}, self.asked())
        self.assertEqual([], reapplied.due(9))

    def test_one_that_fails_holds_no_other_up(self):
        refusing, other = self.guests[self.old[0]], self.old[1]
        refusing.answers['module_apply'] = [
            {'status': 'ERROR', 'message': 'no driver'}
        ]

        self.reapply()

        self.assertEqual(
            {self.old[0]: 'old', other: self.module.md5},
            {key: self.contents()[key] for key in self.old},
        )
        self.assertIn('no driver', self.logs.output)

        # And a second order completes it.
        refusing.answers['module_apply'] = [{'status': 'OK'}]
        self.reapply()
        self.assertEqual({self.module.md5}, set(self.contents().values()))

    def look(self, host='tm-2'):
        reapplying.Reapplying(self.environment(host)).look()

    def pass_time(self, seconds):
        with session.writer() as db:
            for row in db.query(models.ReappliedModule):
                row.next -= datetime.timedelta(seconds=seconds)

    def test_a_pause_holds_no_thread(self):
        self.reapply(batch_size=1, batch_delay=60)
        self.assertEqual(1, len(self.asked()))
        self.look()
        self.assertEqual(1, len(self.asked()))

        self.pass_time(60)
        self.look()

        self.assertEqual(set(self.old), self.asked())
        self.pass_time(60)
        self.look()
        self.assertEqual([], reapplied.due(9))
        self.assertIn('to 2 of 2 instances', self.logs.output)

    def test_others_get_their_turn(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.taskmanager.reapplying._SLICE', 0.0)
        )

        self.reapply()
        self.assertEqual(1, len(self.asked()))
        self.look()
        self.assertEqual(2, len(self.asked()))

    def test_one_whose_task_manager_died_goes_on(self):
        self.reapply(batch_size=1, batch_delay=60)
        self.pass_time(60)
        reapplied.claim(self.module.id, 600)
        self.look()
        self.assertEqual(1, len(self.asked()))

        self.pass_time(600)
        self.look()

        self.assertEqual(set(self.old), self.asked())

    def test_one_that_is_gone(self):
        self.reapply(module_id='gone')

        self.assertEqual(set(), self.asked())
        self.assertIn('gone', self.logs.output)

    def test_a_task_manager_that_stops_leaves_the_rest(self):
        self.env.draining.set()

        self.reapply()
        self.assertEqual(1, len(self.asked()))
        reapplying.Reapplying(self.env).look()
        self.assertEqual(1, len(self.asked()))

        self.look()
        self.assertEqual(set(self.old), self.asked())

    def test_a_database_that_fails_at_the_end_raises_nothing(self):
        def fail(order):
            raise exception.ServiceUnavailable(what='The database')

        self.reapply(batch_size=1, batch_delay=60)
        modules.delete(self.admin, self.module.id)
        self.pass_time(60)
        with fixtures.MonkeyPatch('trove.objects.reapplied.end', fail):
            self.look()

        self.assertIn(f'Left module {self.module.id}', self.logs.output)
        self.pass_time(600)
        self.look()
        self.assertEqual([], reapplied.due(9))
