# SPDX-License-Identifier: Apache-2.0
"""User data: the files of the agent, and what the operator adds."""

from __future__ import annotations

import base64
import os
import pathlib

import fixtures
import yaml

from trove.cloud.openstack import userdata
from trove.common import exception
from trove.tests import base


class UserDataTest(base.TestCase):
    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config(cloudinit_location=str(self.directory))

    def given(self, text):
        (self.directory / 'mysql.cloudinit').write_text(text)

    def made(self, **files):
        data = userdata.make(self.conf, 'mysql', files or {'a.conf': 'x'})
        text = base64.b64decode(data).decode()
        self.assertEqual('#cloud-config', text.splitlines()[0])
        return yaml.safe_load(text)

    def test_files_belong_to_the_user_of_the_agent(self):
        (file,) = self.made()['write_files']

        self.assertEqual(
            ('/etc/trove/conf.d/a.conf', 'root:root', '0640'),
            (file['path'], file['owner'], file['permissions']),
        )

    def test_what_the_operator_has_is_merged(self):
        self.given(
            '#cloud-config\n'
            'write_files:\n'
            '- path: /etc/b\n'
            'runcmd: [[ls]]\n'
        )

        made = self.made()

        self.assertEqual([['ls']], made['runcmd'])
        self.assertEqual(
            ['/etc/trove/conf.d/a.conf', '/etc/b'],
            [each['path'] for each in made['write_files']],
        )

    def test_an_empty_file_is_none(self):
        self.given('')

        self.assertEqual(['write_files'], list(self.made()))

    def test_a_malformed_one_is_told(self):
        for text in ('- a', 'a: [', 'write_files: 1'):
            self.given(text)

            error = self.assertRaises(exception.CloudError, self.made)

            self.assertIn('mysql.cloudinit', str(error))

    def test_more_than_nova_accepts_is_refused(self):
        error = self.assertRaises(
            exception.CloudError, self.made, big=os.urandom(30000).hex()
        )

        self.assertIn('65535', str(error))
