# SPDX-License-Identifier: Apache-2.0
"""The secrets in the database get another key, while services run."""

from __future__ import annotations

import ast
import json
import pathlib
import uuid

from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.keys import instance_keys
from trove.objects.keys import reencryption
from trove.objects.keys import workflow_secrets
from trove.objects.rejected import journal
from trove.objects.rejected import recording
from trove.tests.unit import import_rules
from trove.tests.unit.objects import base

OLD, NEW = 'O' * 32, 'N' * 32


class Scene:
    """Instances with keys, and messages that were rejected."""

    def __init__(self, conf):
        self.conf = conf

    def instance(self, key=True, deleted=False):
        """An instance, with all the keys that one can have."""
        made = str(uuid.uuid4())
        with session.writer() as db:
            db.add(models.Instance(id=made, name=made, tenant_id='p'))
        if key:
            instance_keys.create(self.conf, made)
            instance_keys.finish_rotation(
                self.conf, made, instance_keys.begin_rotation(self.conf, made)
            )
            instance_keys.begin_rotation(self.conf, made)
        if deleted:
            with session.writer() as db:
                db.get(models.Instance, made).deleted = True
        return made

    def message(self, secret='hush'):
        made = str(uuid.uuid4())
        said = {
            'id': made,
            'interface': 'guestagent',
            'method': 'm',
            'version': '1.0',
            'kind': 'cast',
            'cause': 'version',
            'reason': 'r',
            'arguments': {'password': secret},
        }
        recording.record(
            self.conf, said, {'password': '***'}, host='h', replayable=True
        )
        return made


def sealed(conf, instance_id, **secrets):
    """What a row of a workflow holds."""
    return {
        'details': workflow_secrets.seal(conf, instance_id, secrets),
        'reserved': {},
    }


class TestWorkflows(base.TestCase):
    """What is needed to go on is sealed, wherever it was put."""

    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key=OLD)
        self.scene = Scene(self.conf)
        self.it = self.scene.instance(key=False)

    def exchanged(self):
        self.config(
            inst_rpc_key_encr_key=NEW, inst_rpc_key_encr_key_further=[OLD]
        )
        told = list(reencryption.run(self.conf))[-1]
        self.config(inst_rpc_key_encr_key_further=[])
        return told.done, told.before, told.unreadable

    def given_row(self, **more):
        self.values = sealed(self.conf, self.it, password='hush') | more
        with session.writer() as db:
            db.add(
                models.Workflow(
                    instance_id=self.it,
                    action='create_instance',
                    state='queued',
                    details=json.dumps(self.values),
                )
            )

    def row(self):
        with session.reader() as db:
            return json.loads(db.get(models.Workflow, self.it).details)

    def opened(self, values):
        return workflow_secrets.unseal(self.conf, self.it, values['details'])

    def test_of_an_instance_that_is_being_created(self):
        self.given_row(reserved={'volumes': 2})

        self.assertEqual((1, 0, []), self.exchanged())

        self.assertEqual({'password': 'hush'}, self.opened(self.row()))
        self.assertEqual({'volumes': 2}, self.row()['reserved'])

    def test_of_what_it_has_replaced(self):
        inner = json.dumps(sealed(self.conf, self.it, password='before'))
        self.given_row(before={'workflow': {'details': inner, 'state': 'x'}})

        self.assertEqual((1, 0, []), self.exchanged())

        before = self.row()['before']['workflow']
        self.assertEqual('x', before['state'])
        self.assertEqual(
            {'password': 'before'}, self.opened(json.loads(before['details']))
        )

    def test_of_a_message_that_was_rejected(self):
        message = self.scene.message()
        values = sealed(self.conf, self.it, password='kept')
        with session.writer() as db:
            row = db.get(models.RejectedMessage, message)
            row.instance_id, row.task = self.it, json.dumps(values)

        self.assertEqual((1, 0, []), self.exchanged())

        with session.reader() as db:
            task = json.loads(db.get(models.RejectedMessage, message).task)
        self.assertEqual({'password': 'kept'}, self.opened(task))

    def test_what_no_key_opens_is_named(self):
        self.given_row()
        self.config(inst_rpc_key_encr_key='X' * 32)
        self.values = None

        told = list(reencryption.run(self.conf))[-1]

        self.assertEqual(
            [f'workflow of instance {self.it}'], told.unreadable
        )


#: The modules whose secrets it encrypts anew, each with what it seals.
COVERED = {
    'instance_keys': 'instances.encrypted_key, instance_keys',
    'recording': 'rpc_rejected.sealed',
    'workflow_secrets': 'workflows.details, rpc_rejected.task',
}


class TestCovered(base.TestCase):
    """Whatever is encrypted with the key of the database is known here."""

    def test_nobody_else_encrypts_with_it(self):
        found = set()
        for item in import_rules.modules():
            path = pathlib.PurePath(item.path)
            if 'tests' in path.parts or path.stem == 'database_key':
                continue
            for node in ast.walk(ast.parse(item.source)):
                named = getattr(node, 'attr', '')
                if named == 'inst_rpc_key_encr_key' or (
                    named == 'current'
                    and getattr(node.value, 'id', '') == 'database_key'
                ):
                    found.add(path.stem)

        self.assertEqual({*COVERED, 'reencryption'}, found)


class TestReencryption(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key=OLD)
        self.scene = Scene(self.conf)

    def exchange(self):
        """The second step: all services have both keys."""
        self.config(
            inst_rpc_key_encr_key=NEW, inst_rpc_key_encr_key_further=[OLD]
        )

    def forget(self):
        """The last step."""
        self.config(inst_rpc_key_encr_key_further=[])

    def run_all(self):
        told = list(reencryption.run(self.conf))
        progress = told[-1] if told else reencryption.Progress()
        return progress.done, progress.before, progress.unreadable

    def test_everything_is_read_before_and_after(self):
        made, message = self.scene.instance(), self.scene.message()
        known = instance_keys.get(self.conf, made)
        self.assertEqual(3, len({known.current, known.next, known.previous}))

        self.exchange()
        self.assertEqual(known, instance_keys.get(self.conf, made))
        self.assertEqual((2, 0, []), self.run_all())
        self.forget()

        self.assertEqual(known, instance_keys.get(self.conf, made))
        self.assertEqual(
            {'password': 'hush'},
            journal.full(self.conf, message)['arguments'],
        )
        self.config(inst_rpc_key_encr_key=OLD)
        self.assertRaises(
            exception.SealError, lambda: instance_keys.get(self.conf, made)
        )

    def test_it_goes_on_where_it_was_interrupted(self):
        made = [self.scene.instance() for _ in range(3)]
        self.exchange()
        run = reencryption.run(self.conf)
        self.assertEqual(1, next(run).done)
        run.close()

        self.assertEqual((2, 1, []), self.run_all())
        self.forget()
        for each in made:
            self.assertTrue(instance_keys.get(self.conf, each).current)

    def test_a_service_that_has_not_the_new_one_first_goes_on(self):
        # Given both keys everywhere, and one that still writes with the old
        self.exchange()
        self.run_all()
        self.config(
            inst_rpc_key_encr_key=OLD, inst_rpc_key_encr_key_further=[NEW]
        )
        late = self.scene.instance()

        self.exchange()

        self.assertTrue(instance_keys.get(self.conf, late).current)
        self.assertEqual((1, 0, []), self.run_all())

    def test_a_rotation_goes_on_meanwhile(self):
        made = self.scene.instance()
        next_key = instance_keys.get(self.conf, made).next
        self.exchange()
        self.run_all()

        self.assertEqual(
            next_key, instance_keys.begin_rotation(self.conf, made)
        )
        self.assertTrue(
            instance_keys.finish_rotation(self.conf, made, next_key)
        )
        self.forget()
        self.assertEqual(next_key, instance_keys.get(self.conf, made).current)

    def test_what_no_key_opens_is_left_and_named(self):
        made, other = self.scene.instance(), self.scene.instance()
        with session.writer() as db:
            db.get(models.Instance, made).encrypted_key = (
                crypto.encrypt_released('lost', 'another key')
            )
        self.exchange()

        self.assertEqual((1, 0, [f'instance {made}']), self.run_all())
        self.forget()
        self.assertTrue(instance_keys.get(self.conf, other).current)

    def test_deleted_ones_too_and_none_where_there_is_none(self):
        self.scene.instance(deleted=True)
        self.scene.instance(key=False)
        self.exchange()

        self.assertEqual((1, 0, []), self.run_all())

    def test_a_page_is_not_the_end(self):
        for _ in range(3):
            self.scene.message()
        self.exchange()
        self.patch(reencryption, '_PAGE', 2)

        self.assertEqual((3, 0, []), self.run_all())
