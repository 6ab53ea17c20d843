# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import datetime
import threading

import fixtures
from oslo_utils import timeutils
import sqlalchemy as sa

from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects.instance import instances
from trove.objects.keys import instance_keys
from trove.tests.unit.objects import base

SECRET = 'what the keys are encrypted with'


class TestKeys(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(inst_rpc_key_encr_key=SECRET, rpc_key_overlap=600)

    def stored(self, instance_id):
        with session.reader() as db:
            return db.get(models.Instance, instance_id).encrypted_key

    def later(self, seconds):
        then = timeutils.utcnow() + datetime.timedelta(seconds=seconds)
        return fixtures.MonkeyPatch(
            'oslo_utils.timeutils.utcnow', lambda: then
        )

    def test_a_key_is_stored_as_released_trove_reads_it(self):
        made = self.create()

        key = instance_keys.create(self.conf, made.id)

        self.assertEqual(32, len(key))
        stored = self.stored(made.id)
        self.assertNotIn(key, stored)
        self.assertEqual(key, crypto.decrypt_released(stored, SECRET))
        self.assertEqual(key, instance_keys.get(self.conf, made.id).current)

    def test_a_step_that_is_repeated_makes_no_other(self):
        made = self.create()

        got = base.at_once(
            *[lambda: instance_keys.create(self.conf, made.id)] * 3
        )

        self.assertEqual(1, len(set(got)), got)

    def test_two_instances_have_two_keys(self):
        one, other = self.create(), self.create()

        self.assertNotEqual(
            instance_keys.create(self.conf, one.id),
            instance_keys.create(self.conf, other.id),
        )

    def test_an_instance_without_a_key_is_not_one_that_is_gone(self):
        made, gone = self.create(), self.create()
        instances.mark_deleted(gone.id)

        self.assertIsNone(instance_keys.get(self.conf, made.id).current)
        self.assertIsNone(instance_keys.get(self.conf, gone.id))
        self.assertIsNone(instance_keys.get(self.conf, 'nope'))
        self.assertRaises(
            exception.InstanceNotFound, instance_keys.create, self.conf, 'nope'
        )
        self.assertEqual([made.id], instance_keys.without())
        self.assertEqual(1, len(instance_keys.without(1)))
        instance_keys.create(self.conf, made.id)
        self.assertEqual([], instance_keys.without(1))

    def test_those_who_ask_at_the_same_time_are_one_query(self):
        made = [self.create(name=f'i{number}').id for number in range(3)]
        wanted = {name: instance_keys.create(self.conf, name) for name in made}
        made *= 7
        begun, all_begun, found = [], threading.Event(), {}

        def slow(*args):
            # The first one waits for the others.
            queries.append(1)
            all_begun.wait(30)

        def ask(name):
            begun.append(name)
            if len(begun) == len(made):
                all_begun.set()
            found[name] = instance_keys.get(self.conf, name).current

        queries = []
        sa.event.listen(session.engine(), 'before_cursor_execute', slow)
        self.addCleanup(
            sa.event.remove, session.engine(), 'before_cursor_execute', slow
        )
        threads = [
            threading.Thread(target=ask, args=(name,)) for name in made
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(wanted, found)
        self.assertLess(len(queries), 10)

    def test_a_rotation_keeps_what_is_on_its_way_readable(self):
        made = self.create()
        old = instance_keys.create(self.conf, made.id)

        new = instance_keys.begin_rotation(self.conf, made.id)
        during = instance_keys.get(self.conf, made.id)
        self.assertTrue(instance_keys.finish_rotation(self.conf, made.id, new))

        self.assertEqual((old, new), (during.current, during.next))
        after = instance_keys.get(self.conf, made.id)
        self.assertEqual(
            (new, None, old), (after.current, after.next, after.previous)
        )
        self.assertIsNotNone(after.rotated_at)
        with self.later(601):
            self.assertIsNone(instance_keys.get(self.conf, made.id).previous)

    def test_a_rotation_that_was_interrupted_goes_on_with_the_same_key(self):
        made = self.create()
        instance_keys.create(self.conf, made.id)

        new = instance_keys.begin_rotation(self.conf, made.id)

        self.assertEqual(new, instance_keys.begin_rotation(self.conf, made.id))
        self.assertTrue(instance_keys.finish_rotation(self.conf, made.id, new))
        self.assertFalse(
            instance_keys.finish_rotation(self.conf, made.id, new)
        )
        self.assertEqual(new, instance_keys.get(self.conf, made.id).current)

    def test_of_two_that_finish_one_does(self):
        made = self.create()
        old = instance_keys.create(self.conf, made.id)
        new = instance_keys.begin_rotation(self.conf, made.id)

        got = base.at_once(
            *[lambda: instance_keys.finish_rotation(self.conf, made.id, new)]
            * 3
        )

        self.assertEqual([False, False, True], sorted(got))
        self.assertEqual(old, instance_keys.get(self.conf, made.id).previous)

    def test_another_key_than_the_next_is_not_put_into_force(self):
        made = self.create()
        old = instance_keys.create(self.conf, made.id)
        instance_keys.begin_rotation(self.conf, made.id)

        self.assertFalse(
            instance_keys.finish_rotation(self.conf, made.id, 'other')
        )

        self.assertEqual(old, instance_keys.get(self.conf, made.id).current)

    def test_without_a_key_there_is_nothing_to_rotate(self):
        made = self.create()

        error = self.assertRaises(
            exception.SealError,
            instance_keys.begin_rotation,
            self.conf,
            made.id,
        )

        self.assertIn(made.id, str(error))

    def test_the_keys_go_with_the_instance(self):
        made = self.create()
        instance_keys.create(self.conf, made.id)
        instance_keys.begin_rotation(self.conf, made.id)

        instances.mark_deleted(made.id)

        self.assertIsNone(self.stored(made.id))
        with session.reader() as db:
            count = sa.select(sa.func.count(models.InstanceKeys.instance_id))
            self.assertEqual(0, db.scalar(count))

    def test_another_secret_than_it_was_made_with_is_explained(self):
        made = self.create()
        key = instance_keys.create(self.conf, made.id)
        self.config(inst_rpc_key_encr_key='another')

        error = self.assertRaises(
            exception.SealError, instance_keys.get, self.conf, made.id
        )

        self.assertIn('inst_rpc_key_encr_key', str(error))
        self.assertIn(made.id, str(error))
        self.assertNotIn(key, str(error))

    def test_without_the_secret_the_remedy_is_named(self):
        made = self.create()
        self.config(inst_rpc_key_encr_key=None)

        error = self.assertRaises(
            exception.ConfigurationError,
            instance_keys.create,
            self.conf,
            made.id,
        )

        self.assertIn('trove-manage generate_keys', str(error))

    def test_keys_are_not_shown(self):
        made = self.create()
        key = instance_keys.create(self.conf, made.id)
        new = instance_keys.begin_rotation(self.conf, made.id)

        shown = repr(instance_keys.get(self.conf, made.id))

        self.assertNotIn(key, shown)
        self.assertNotIn(new, shown)
