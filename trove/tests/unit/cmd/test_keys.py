# SPDX-License-Identifier: Apache-2.0
"""The keys that trove-manage makes, and exchanges."""

from __future__ import annotations

import os
import stat

from oslo_config import cfg

from trove import conf as trove_conf
from trove.db import session
from trove.objects.keys import instance_keys
from trove.tests.unit.cmd import base
from trove.tests.unit.objects.keys import test_reencryption as scene


class GenerateKeysTest(base.ManageTestCase):
    def test_keys_are_generated_without_a_database(self):
        with open(self.file, 'w') as file:
            file.write('[database]\nconnection = nonsense\n')

        self.assertEqual(0, self.run_manage('generate_keys'))

        conf = self.read_keys(self.out)
        keys = conf.taskmanager_rpc_encr_key, conf.inst_rpc_key_encr_key
        self.assertEqual(2, len(set(keys)))
        for key in keys:
            self.assertRegex(key, '[A-Za-z0-9]{32}')
        self.assertNotIn(keys[0], self.error + self.logs.output)

    def test_keys_in_a_file_are_for_its_owner_alone(self):
        path = self.file + '.keys'

        self.assertEqual(0, self.run_manage('generate_keys', '--file', path))

        self.assertEqual(0o600, stat.S_IMODE(os.stat(path).st_mode))
        with open(path) as file:
            text = file.read()
        key = self.read_keys(text).taskmanager_rpc_encr_key
        self.assertNotIn(key, self.out + self.error)
        self.assertIn(path, self.out)

    def test_keys_that_there_are_already_are_kept(self):
        with open(self.file) as file:
            text = file.read()

        status = self.run_manage('generate_keys', '--file', self.file)

        self.assertEqual(1, status)
        self.assertIn('not overwritten', self.error)
        with open(self.file) as file:
            self.assertEqual(text, file.read())

    def test_file_for_keys_that_cannot_be_written(self):
        path = f'{self.file}/keys.conf'

        self.assertEqual(1, self.run_manage('generate_keys', '--file', path))

        self.assertIn('Cannot write', self.error)

    def read_keys(self, text):
        path = self.file + '.read'
        with open(path, 'w') as file:
            file.write(text)
        conf = cfg.ConfigOpts()
        trove_conf.register_opts(conf)
        conf(['--config-file', path], project='trove')
        return conf


class ExchangeTest(base.ManageTestCase):
    """A database with secrets, encrypted with the old key."""

    def setUp(self):
        super().setUp()
        self.synced()
        self.scene = scene.Scene(self.conf)
        self.config(inst_rpc_key_encr_key=scene.OLD)
        self.one = self.scene.instance()
        self.other = self.scene.instance()
        self.set(scene.NEW, scene.OLD)

    def set(self, key, further=''):
        with open(self.file, 'w') as file:
            file.write(
                f'[database]\nconnection = {self.database.url}\n'
                f'[DEFAULT]\ninst_rpc_key_encr_key = {key}\n'
                f'inst_rpc_key_encr_key_further = {further}\n'
            )

    def test_all_of_it_is_encrypted_anew(self):
        self.assertEqual(0, self.run_manage('reencrypt_keys'))

        self.assertIn('Re-encrypted 2 instances and messages', self.out)
        self.assertIn('can be removed', self.out)
        self.set(scene.NEW)
        self.assertEqual(0, self.run_manage('reencrypt_keys'))
        self.assertIn('Re-encrypted 0 instances', self.out)
        self.assertIn('2 used it already', self.out)

    def test_what_no_key_opens_is_named(self):
        self.set(scene.NEW)

        self.assertEqual(1, self.run_manage('reencrypt_keys'))

        self.assertIn(f'Cannot decrypt: instance {self.one}', self.error)
        self.assertIn('inst_rpc_key_encr_key_further', self.error)
        for key in scene.NEW, scene.OLD:
            self.assertNotIn(key, self.out + self.error)

    def test_without_a_key_nothing_is_done(self):
        self.set('')

        self.assertEqual(1, self.run_manage('reencrypt_keys'))

        self.assertIn('generate_keys', self.error)


class InstanceKeyTest(ExchangeTest):
    def create(self, instance_id):
        self.path = self.file + '.guest'
        return self.run_manage(
            'create_instance_key', instance_id, '--file', self.path
        )

    def test_an_instance_without_a_key_gets_one(self):
        made = self.scene.instance(key=False)

        self.assertEqual(0, self.create(made))

        self.assertEqual(0o600, stat.S_IMODE(os.stat(self.path).st_mode))
        conf = cfg.ConfigOpts()
        trove_conf.register_opts(conf)
        conf(['--config-file', self.path], project='trove')
        self.assertTrue(conf.enable_secure_rpc_messaging)
        session.configure(self.conf)
        self.config(inst_rpc_key_encr_key=scene.NEW)
        self.assertEqual(
            conf.instance_rpc_encr_key,
            instance_keys.get(self.conf, made).current,
        )
        self.assertNotIn(conf.instance_rpc_encr_key, self.out)

    def test_one_that_has_a_key_keeps_it(self):
        self.assertEqual(1, self.create(self.one))

        self.assertIn('rotate-key', self.error)
        self.assertFalse(os.path.exists(self.path))

    def test_one_that_is_not_there_gets_none(self):
        self.assertEqual(1, self.create('nope'))

        self.assertFalse(os.path.exists(self.path))
