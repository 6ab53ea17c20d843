# SPDX-License-Identifier: Apache-2.0
"""trove-status upgrade check: what it finds and what it advises."""

from __future__ import annotations

import datetime
import re
import time

import fixtures
from oslo_config import cfg
from oslo_utils import timeutils

from trove import cloud as trove_cloud
from trove.cloud import noop
from trove.cmd import status
from trove.common import exception
from trove.db import migration
from trove.db import models
from trove.db import session
from trove.objects import clock
from trove.objects import service as services
from trove.objects.instance import encryption
from trove.objects.instance import states
from trove.objectstore import errors
from trove.objectstore import local
from trove.tests.unit import import_rules
from trove.tests.unit.cmd import checks
from trove.tests.unit.cmd.checks import FAILURE
from trove.tests.unit.cmd.checks import LATEST
from trove.tests.unit.cmd.checks import SUCCESS
from trove.tests.unit.cmd.checks import WARNING


class StatusTest(checks.TestCase):
    def test_new_deployment_is_ready(self):
        self.use()

        self.assertEqual(SUCCESS, self.check())

        self.assertFound('Floors of RPC versions', SUCCESS, 'keep 1.0')
        del self.results['Floors of RPC versions']
        self.assertEqual({(SUCCESS, '')}, set(self.results.values()))

    def test_database_of_release_26_needs_db_sync(self):
        self.use(migrated=False)
        migration.sync(self.conf, '95418fe2a1c8')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Database revision', FAILURE, 'trove-manage db_sync')
        self.assertFound('Services', WARNING, 'Not checked')
        self.assertFound('Versions of services', WARNING, 'Not checked')
        self.assertFound('Pinned RPC versions', WARNING, 'Not checked')
        self.assertFound('Peers below the floor', WARNING, 'Not checked')
        self.assertFound('Guest agents', WARNING, 'Not checked')
        self.assertFound('Guest agents not heard of', WARNING, 'Not checked')
        self.assertFound('Floors of RPC versions', WARNING, 'Not checked')
        self.assertFound('Instances with running tasks', WARNING)

    def test_refused_database_is_a_failure_with_the_remedy(self):
        self.use(migrated=False)
        self.add()
        with session.engine().begin() as connection:
            connection.exec_driver_sql('CREATE TABLE nova_things (id INTEGER)')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Database revision', FAILURE, 'nova_things')

    def test_services_of_two_releases_are_named(self):
        self.use()
        services.report('trove-taskmanager', 'a', {}, '27.0.0')
        services.report('trove-conductor', 'b', {}, '28.0.0')

        self.assertEqual(WARNING, self.check())

        self.assertFound('Versions of services', WARNING, '27.0.0, 28.0.0')

    def test_dead_service_is_named_with_what_to_do(self):
        self.use()
        long_ago = timeutils.utcnow() - datetime.timedelta(hours=1)
        self.add(
            models.Service(
                binary='trove-conductor', host='gone', last_report=long_ago
            )
        )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Services', WARNING, 'trove-conductor on gone', 'service_remove'
        )

    def test_found_services_are_not_told_to_report(self):
        self.use()
        long_ago = timeutils.utcnow() - datetime.timedelta(hours=1)
        self.add(
            models.Service(
                binary='trove-taskmanager',
                host=f'{services.UNREGISTERED} 1.0/victoria',
                last_report=long_ago,
            )
        )

        self.assertEqual(SUCCESS, self.check())

    def test_wrong_pin_is_a_failure_naming_the_valid_ones(self):
        self.use()
        self.write(self.url, pin='rokcy')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Pinned RPC versions', FAILURE, 'rokcy', 'rocky')

    def test_database_that_is_away_is_the_operators_to_repair(self):
        self.write(
            'mysql+pymysql://trove:pass-word@127.0.0.1:1/trove\n'
            'max_retries = 0'
        )

        self.assertEqual(FAILURE, self.check())

        found, details = self.results['Database revision']
        self.assertEqual(FAILURE, found)
        self.assertIn('[database] connection', details)
        self.assertNotIn('administrator', details)
        self.assertNotIn('pass-word', details)

    def test_file_that_is_not_there_is_a_sentence(self):
        stderr = fixtures.StringStream('stderr')
        with stderr, fixtures.MonkeyPatch('sys.stderr', stderr.stream):
            code = status.main(
                ['--config-file', self.file, 'upgrade', 'check'],
                cfg.ConfigOpts(),
            )
            stderr.stream.seek(0)
            text = stderr.getDetails()['stderr'].as_text()

        self.assertEqual(255, code)
        self.assertIn(f'config files: {self.file}', text)
        self.assertTrue(text.startswith('trove-status: '), text)

    def test_guests_with_the_account_of_the_services_are_a_failure(self):
        self.use()
        for guests in ('trove', 'other:word@h1,trove'):
            self.write(self.url, guests=guests)

            self.assertEqual(FAILURE, self.check())

            self.assertFound(
                'Broker account of guests',
                FAILURE,
                '[taskmanager] guest_transport_url',
                '[guest_accounts] management_url',
            )
        self.write(self.url, guests='gu/est')
        self.assertEqual(FAILURE, self.check())
        self.assertFound(
            'Broker account of guests', FAILURE, 'guest_transport_url', '%2F'
        )
        details = self.results['Broker account of guests'][1]
        self.assertNotIn('pass-word', details)

    def test_missing_keys_are_a_failure_with_the_remedy(self):
        self.use()
        self.write(self.url, keys=False)

        self.assertEqual(FAILURE, self.check())

        self.assertFound(
            'Keys of messages',
            FAILURE,
            'taskmanager_rpc_encr_key, inst_rpc_key_encr_key',
            'trove-manage generate_keys',
        )
        self.write(self.url, keys=False, secure='false')
        self.assertEqual(SUCCESS, self.check())

    def test_instances_without_keys_are_named(self):
        self.use()
        self.guest('open', LATEST, encrypted_key=None)
        self.guest('sealed', LATEST)

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Keys of messages',
            WARNING,
            '1 instances',
            'open',
            'Message security',
        )

    def test_rejected_messages_that_wait_are_counted(self):
        self.use()
        filled = dict.fromkeys(
            (
                *('interface', 'host', 'method', 'version'),
                *('kind', 'reason', 'arguments'),
            ),
            '',
        )
        for state, cause, count in (
            ('waiting', 'version', 1),
            ('waiting', 'seal', 7),
            ('replaying', 'version', 2),
            ('discarded', 'form', 3),
        ):
            self.add(
                models.RejectedMessage(
                    **filled, cause=cause, state=state, count=count
                )
            )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Rejected messages',
            WARNING,
            '8 rejected messages',
            '7 because of seal, 1 because of version',
            'trove-rpc rejected list',
            '2 rejected messages are being replayed',
        )

    def test_guests_that_may_be_spoken_to_in_the_released_form(self):
        self.use()
        self.guest('a', LATEST)
        self.add(
            models.InstanceSealing(
                instance_id='a', allowed=True, held=False
            )
        )

        self.assertEqual(WARNING, self.check())

        self.assertFound(
            'Sealed messages',
            WARNING,
            'permitted for 1 peers',
            'trove-rpc sealing list',
        )

    def test_certificates_that_expire_soon(self):
        self.use()
        self.guest('shop', LATEST)
        for days, result, said in (
            (40, SUCCESS, ()),
            (20, WARNING, ('shop', 'within 30 days', 'ssl enable')),
            (-1, WARNING, ('shop',)),
        ):
            expires = timeutils.utcnow() + datetime.timedelta(days=days)
            encryption.record('shop', 'basic', 'ref', expires)
            self.check()
            self.assertFound('Certificates', result, *said)

    def test_busy_instances_are_named(self):
        self.use()
        self.guest('idle', LATEST)
        self.guest('busy', LATEST)
        with session.writer() as db:
            instance = db.get(models.Instance, 'busy')
            instance.task_id = states.Task.RESIZING.code

        self.assertEqual(WARNING, self.check())

        self.assertFound('Instances with running tasks', WARNING, 'busy')

    def test_unset_connection_is_an_error(self):
        with open(self.file, 'w') as file:
            file.write('')
        stderr = self.useFixture(fixtures.StringStream('stderr')).stream
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', stderr))

        code = status.main(
            ['--config-file', self.file, 'upgrade', 'check'], cfg.ConfigOpts()
        )

        stderr.seek(0)
        self.assertEqual(FAILURE, code)


class CloudTest(checks.TestCase):
    def test_its_problems_are_told(self):
        self.use()
        cloud = noop.NoopCloud()
        cloud.problems = lambda images: ['The quota is used up.']
        self.useFixture(
            fixtures.MockPatchObject(trove_cloud, 'load', return_value=cloud)
        )

        self.assertEqual(WARNING, self.check())

        self.assertFound('Cloud', WARNING, 'The quota is used up.')

    def test_a_driver_that_is_not_there_is_a_failure(self):
        self.use()
        with open(self.file, 'a') as file:
            file.write('[cloud]\ndriver = mainframe\n')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Cloud', FAILURE, 'mainframe')


class DeploymentTest(checks.TestCase):
    def test_the_page_has_all_checks(self):
        path = import_rules.TOP / 'doc/source/cli/trove-status.rst'
        text = path.read_text()
        page = re.findall(r'^   \* - ([A-Z].*)$', text, re.MULTILINE)

        names = [name for name, _ in status.Checks(self.conf)._upgrade_checks]

        self.assertEqual(names, page[1:])

    def test_an_object_store_that_cannot_be_used(self):
        self.storage = 'swift'
        self.use()
        self.check()
        # Without an instance nobody needs it.
        self.assertFound('Backups', SUCCESS)
        self.guest('i1', LATEST, tenant_id='p1')

        self.check()

        self.assertFound(
            'Backups', WARNING, '"swift" are not', '[service_credentials]'
        )

    def test_an_object_store_for_replicas_only(self):
        self.storage += '\nreplica_snapshot_driver = swift'
        self.use()
        self.guest('i1', LATEST, tenant_id='p1')

        self.check()

        self.assertFound('Backups', WARNING, '"swift" are not')

    def test_an_object_store_that_denies_it(self):
        self.use()
        self.guest('i1', LATEST, tenant_id='p1')
        self.useFixture(
            fixtures.MockPatchObject(
                local.LocalStore,
                'check',
                side_effect=errors.denied('look', 'No.'),
            )
        )

        self.check()

        self.assertFound('Backups', WARNING, 'reseller_admin_role')

    def test_a_clock_that_is_wrong(self):
        self.use()
        self.useFixture(
            fixtures.MockPatchObject(
                clock, 'read', lambda: time.time() + 100
            )
        )

        self.check()

        self.assertFound('Clock', WARNING, '100 seconds behind')


class BrokerTest(checks.TestCase):
    def test_an_option_is_wrong(self):
        self.use()
        self.reach.side_effect = exception.ConfigurationError('Mend ssl.')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Message broker', FAILURE, 'Mend ssl.')

    def test_the_broker_does_not_go_along_with_one(self):
        self.use()
        self.reach.side_effect = OSError('NOT_ALLOWED - vhost x not found')

        self.assertEqual(FAILURE, self.check())

        self.assertFound('Message broker', FAILURE, 'transport_url')

    def test_it_is_away(self):
        self.use()
        self.reach.side_effect = OSError('Connection refused')

        self.assertEqual(WARNING, self.check())

        self.assertFound('Message broker', WARNING, 'Connection refused')

    def test_what_is_half_set(self):
        self.use()
        self.reach.return_value = ['ssl_ca_file is set, but ssl is not.']

        self.assertEqual(WARNING, self.check())

        self.assertFound('Message broker', WARNING, 'ssl_ca_file')
