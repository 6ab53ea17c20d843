# SPDX-License-Identifier: Apache-2.0
"""What the file of settings for new guests may have."""

from __future__ import annotations

import pathlib

import fixtures

from trove.common import exception
from trove.common import guest_config
from trove.tests import base

_FITTING = """\
debug = true
[DEFAULT]
log_dir = /var/log/trove
root_grant_option = true
default_password_length = 36
[mariadb]
backup_docker_image = registry:5000/trove/db-backup-mariadb
[oslo_messaging_rabbit]
ssl = true
ssl_ca_file = /etc/trove/broker-ca.pem
ssl_key_file = /etc/trove/client.key
"""


class GuestConfigTest(base.TestCase):
    def given(self, text: str) -> None:
        directory = self.useFixture(fixtures.TempDir()).path
        self.path = pathlib.Path(directory, 'guests.conf')
        self.path.write_text(text)
        self.config(guest_config=str(self.path))

    def refused(self, text: str) -> str:
        self.given(text)
        error = self.assertRaises(
            exception.ConfigurationError, guest_config.read, self.conf
        )
        self.assertIn('[DEFAULT] guest_config', str(error))
        self.assertIn(str(self.path), str(error))
        self.assertNotIn('hunter2', str(error))
        return str(error)

    def test_none(self) -> None:
        self.config(guest_config='')
        self.assertEqual('', guest_config.read(self.conf))

    def test_what_guests_need_is_taken(self) -> None:
        self.given(_FITTING)

        self.assertEqual(_FITTING, guest_config.read(self.conf))

    def test_accounts_of_the_services_are_refused(self) -> None:
        for group in 'service_credentials', 'keystone_authtoken', 'database':
            error = self.refused(
                f'{_FITTING}[{group}]\nusername = trove\npassword = hunter2\n'
            )
            self.assertIn(f'it sets [{group}]. Remove', error)

    def test_secrets_are_refused_wherever_they_are(self) -> None:
        for group, name in (
            ('DEFAULT', 'transport_url'),
            ('DEFAULT', 'transport-url'),
            ('oslo_messaging_notifications', 'transport_url'),
            # Registered as secret here,
            ('DEFAULT', 'taskmanager_rpc_encr_key'),
            ('guest_accounts', 'management_password'),
            # and known to other releases only.
            ('DEFAULT', 'nova_proxy_admin_pass'),
            ('DEFAULT', 'rabbit_password'),
            ('DEFAULT', 'dns_passkey'),
        ):
            error = self.refused(f'[{group}]\n{name} = hunter2\n')
            self.assertIn(f'[{group}] {name.replace("-", "_")}. ', error)

    def test_a_password_in_any_url_is_refused(self) -> None:
        error = self.refused('proxy = http://me:hunter2@proxy:3128/\n')

        self.assertIn('it sets [DEFAULT] proxy. ', error)

    def test_a_malformed_file_is_refused_without_its_line(self) -> None:
        self.assertIn('line 2 of', self.refused('debug = true\nhunter2\n'))
