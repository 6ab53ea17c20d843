# SPDX-License-Identifier: Apache-2.0
"""What could not be taken is sent once more, as what it was."""

from __future__ import annotations

from unittest import mock

from trove import peers
from trove.common import crypto
from trove.common import exception
from trove.common import rpc
from trove.conductor import api as conductor_api
from trove.conductor import heartbeats
from trove.conductor import manager as conductor
from trove.objects import service as services
from trove.objects.instance import instances
from trove.objects.instance import states
from trove.objects.keys import instance_keys
from trove.objects.rejected import journal
from trove.peers import rejections
from trove.taskmanager import api as task_api
from trove.tests.fixtures import keys as keys_fixture
from trove.tests.fixtures import reports
from trove.tests.fixtures import waiting
from trove.tests.unit.taskmanager import scene

Status = states.ServiceStatus

SECRET = 's3cr3t-of-root'


class ReplayTestCase(scene.TestCase):
    def setUp(self):
        super().setUp()
        self.config(
            inst_rpc_key_encr_key=crypto.generate_key(), probe_timeout=0.5
        )
        self.made = self.connected()
        self.context.request_id = 'req-1'

    def connected(self):
        made = peers.transport(
            self.conf,
            url='kombu+memory://',
            rejected=rejections.Recorder(self.conf, 'taskmanager'),
        )
        self.addCleanup(made.close)
        return made

    def given_server(self, version=None):
        server = self.made.server(
            self.manager, host=f'tm {version}', version=version
        )
        server.start()
        self.servers.append(server)
        return server

    def given_conductor(self, made):
        writer = heartbeats.Writer(self.conf)
        self.addCleanup(writer.close)
        manager = conductor.Manager(
            self.conf, rejections.Recorder(self.conf, 'conductor'), writer, str
        )
        server = made.server(manager, host='c')
        server.start()
        self.servers.append(server)

    def given_rejected(self, masked=False, **values):
        """A record of a message that a task manager could not take."""
        rejection = rpc.Rejection(
            **{
                'interface': 'taskmanager',
                'peer': None,
                'sender': None,
                'method': 'restart',
                'version': '1.7',
                'kind': 'cast',
                'cause': 'version',
                'reason': 'too new',
                'arguments': {'instance_id': 'none'},
                'request_id': 'req-1',
                'project_id': scene.PROJECT,
                'user_id': 'user-1',
            }
            | values
        )
        before = self.recorded(rejection)
        recorder = rejections.Recorder(self.conf, 'taskmanager')
        recorder.take_over(rejection, masked=masked)
        (new,) = self.recorded(rejection) - before
        return new

    def recorded(self, rejection):
        """Ids of records of it; services that go on may write others."""
        return {
            each.id
            for each in journal.list_(state=None)
            if (each.method, each.cause, each.reason)
            == (rejection.method, rejection.cause, rejection.reason)
        }

    def when_replayed(self, rejected_id):
        peers.replay(self.conf, self.connected(), rejected_id)

    def refusal(self, rejected_id, error=exception.NotReplayable):
        return str(self.assertRaises(error, self.when_replayed, rejected_id))


class TestReplay(ReplayTestCase):
    def test_a_lost_creation_is_done_after_the_upgrade(self):
        # Given: a task manager of Stein, and a message that is too new.
        server = self.given_server('1.0')
        instance_id = self.given_request()
        guest = self.given_guest(instance_id)
        self.cloud.on('create_server', lambda _: guest.report(Status.BUILDING))
        with mock.patch(
            'trove.objects.service.live_versions', return_value=['1.1']
        ):
            task_api.API(self.made).create_instance(
                self.context,
                **self.order(
                    instance_id,
                    access={'is_public': False},
                    root_password=SECRET,
                ),
            )
        waiting.until(journal.list_, 'it is rejected')
        waiting.until(
            lambda: self.shown(instance_id).status == 'ERROR', 'it is ended'
        )
        self.assert_fault(instance_id, 'trove-rpc rejected show')
        (row,) = journal.list_()

        # When: it is upgraded.
        server.stop()
        server.wait()
        self.given_server()
        self.when_replayed(row.id)

        waiting.until(
            lambda: self.shown(instance_id).status == 'ACTIVE', 'it is built'
        )
        self.assertEqual(SECRET, guest.arguments('prepare')['root_password'])
        self.assertEqual([], journal.list_())
        self.assertEqual('replayed', journal.get(row.id).state)

    def test_under_the_request_and_the_project_of_the_sender(self):
        seen = []
        with mock.patch.object(
            self.manager,
            'restart',
            lambda context, instance_id: seen.append(
                (context.request_id, context.project_id, instance_id)
            ),
        ):
            self.given_server()
            self.when_replayed(self.given_rejected())
            waiting.until(lambda: seen, 'it comes')

        self.assertEqual([('req-1', scene.PROJECT, 'none')], seen)

    def test_to_a_guest(self):
        instance_id, guest = self.given_instance()
        replayed = self.given_rejected(
            interface='guestagent',
            peer=instance_id,
            method='create_database',
            arguments={'databases': [{'_name': 'shop'}]},
        )

        self.when_replayed(replayed)

        waiting.until(
            lambda: 'create_database' in guest.asked, 'the guest has it'
        )

    def test_to_the_conductors_in_the_name_of_the_guest(self):
        instance_id = self.given_request()
        reports.heard(
            instance_id, status=None, guest_version='1.5', sent=1.0
        )
        services.report('trove-conductor', 'c', {'conductor': '1.1'}, None)
        self.given_conductor(self.made)
        replayed = self.given_rejected(
            interface='conductor',
            sender=instance_id,
            method='notify_exc_info',
            arguments={
                'serialized_notification': {'instance_id': instance_id},
                'message': 'initdb failed',
                'exception': [],
            },
        )

        self.when_replayed(replayed)

        waiting.until(
            lambda: self.shown(instance_id).fault.message == 'initdb failed',
            'the conductor has it',
        )

    def test_what_a_conductor_could_not_read(self):
        # Given a guest of a release, and a conductor whose database is away
        self.config(
            enable_secure_rpc_messaging=True,
            taskmanager_rpc_encr_key=crypto.generate_key(),
        )
        instance_id = self.given_request()
        keys = keys_fixture.Keys(
            instance_id, instance_keys.create(self.conf, instance_id)
        )
        guest = conductor_api.API(self.memory_transport(keys=keys))
        self.given_conductor(self.connected())
        gone = exception.ServiceUnavailable(what='The database')
        with mock.patch.object(instance_keys, 'get', side_effect=gone):
            self.config(database_retries=0, group='conductor')
            guest.notify_exc_info(
                self.context,
                serialized_notification={'instance_id': instance_id},
                message='initdb failed',
                exception=[],
            )
            (row,) = waiting.until(journal.list_, 'it is written down')
        self.assertEqual('unread', row.cause)
        # When it is back
        self.when_replayed(row.id)

        waiting.until(
            lambda: self.shown(instance_id).fault.message == 'initdb failed',
            'the conductor has it',
            ignore=(AttributeError,),
        )
        self.assertEqual('replayed', journal.get(row.id).state)


class TestRefusals(ReplayTestCase):
    def test_what_was_replayed(self):
        self.given_server()
        replayed = self.given_rejected()
        self.when_replayed(replayed)

        self.assertIn('replayed already', self.refusal(replayed))

    def test_what_was_hostile(self):
        self.given_rejected(cause='seal')
        (row,) = journal.list_()

        text = self.refusal(row.id)

        self.assertIn('seal', text)
        self.assertIn('trove-rpc rejected discard', text)

    def test_secrets_that_were_not_kept(self):
        self.config(inst_rpc_key_encr_key=None)
        replayed = self.given_rejected(
            arguments={'instance_id': 'none', 'root_password': SECRET}
        )

        text = self.refusal(replayed)

        self.assertIn('inst_rpc_key_encr_key', text)
        self.assertEqual('waiting', journal.get(replayed).state)

    def test_secrets_that_a_guest_has_not_kept(self):
        replayed = self.given_rejected(
            masked=True,
            arguments={'instance_id': 'none', 'users': [{'_password': '***'}]},
        )

        self.assertIn('not kept in full', self.refusal(replayed))

    def test_no_secrets_are_needed_where_there_were_none(self):
        self.given_server()
        self.config(inst_rpc_key_encr_key=None)
        replayed = self.given_rejected()

        self.when_replayed(replayed)

        self.assertEqual('replayed', journal.get(replayed).state)

    def test_no_such_record(self):
        self.refusal('none', exception.NotFound)

    def test_the_receiver_is_still_too_old(self):
        self.given_server('1.0')
        instance_id = self.given_request()
        order = self.order(instance_id, access={'is_public': False})
        replayed = self.given_rejected(
            method='create_instance', cause='arguments', arguments=order
        )
        self.assertEqual('ERROR', self.shown(instance_id).status)

        text = self.refusal(replayed, exception.PeerTooOld)

        self.assertIn('access', text)
        self.assertEqual('waiting', journal.get(replayed).state)
        self.assert_fault(instance_id)

    def test_a_method_that_this_release_does_not_have(self):
        replayed = self.given_rejected(method='levitate')

        self.assertIn('levitate', self.refusal(replayed, exception.NotFound))
        self.assertEqual('waiting', journal.get(replayed).state)

    def test_two_operators_at_once(self):
        replayed = self.given_rejected()
        with mock.patch.object(journal, 'mark', return_value=False):
            self.assertIn('another process', self.refusal(replayed))

    def test_an_instance_that_is_gone(self):
        instance_id = self.given_request()
        replayed = self.given_rejected(
            method='create_instance', arguments=self.order(instance_id)
        )
        instances.mark_deleted(instance_id)

        self.refusal(replayed, exception.NotFound)

        self.assertEqual('waiting', journal.get(replayed).state)


class TestInterrupted(ReplayTestCase):
    """Whoever replays may be killed: nothing vanishes, nothing is hidden."""

    def given_interrupted(self):
        replayed = self.given_rejected()
        mark = journal.mark

        def killed(rejected_id, state, **kwargs):
            if state != 'replaying':
                raise exception.ServiceUnavailable(what='The database')
            return mark(rejected_id, state, **kwargs)

        with (
            mock.patch.object(journal, 'mark', killed),
            mock.patch.object(task_api.API, 'resend', side_effect=OSError),
        ):
            self.refusal(replayed, Exception)
        return replayed

    def test_it_is_shown_and_not_begun_anew_at_once(self):
        replayed = self.given_interrupted()

        self.assertEqual('replaying', journal.get(replayed).state)
        self.assertIn('interrupted', self.refusal(replayed))
        self.assertFalse(journal.mark(replayed, 'discarded'))

    def test_it_is_taken_up_again_and_that_is_said(self):
        self.given_server()
        replayed = self.given_interrupted()
        self.given_time_passes()

        self.when_replayed(replayed)

        self.assertEqual('replayed', journal.get(replayed).state)
        self.assertIn('may have been sent then', self.logs.output)

    def test_it_can_be_discarded(self):
        replayed = self.given_interrupted()
        self.given_time_passes()

        self.assertTrue(journal.mark(replayed, 'discarded'))

    def test_it_is_never_forgotten(self):
        replayed = self.given_interrupted()
        self.given_time_passes()

        self.assertEqual(0, journal.purge(0))

        self.assertEqual('replaying', journal.get(replayed).state)

    def test_what_was_sent_but_not_written_down_is_not_sent_again(self):
        self.given_server()
        replayed = self.given_rejected()
        mark = journal.mark

        def losing(rejected_id, state, **kwargs):
            if state == 'replayed':
                raise exception.ServiceUnavailable(what='The database')
            return mark(rejected_id, state, **kwargs)

        with mock.patch.object(journal, 'mark', losing):
            self.refusal(replayed, exception.ServiceUnavailable)

        self.assertIn('Do not replay it', self.logs.output)
        self.assertEqual('replaying', journal.get(replayed).state)

    def given_time_passes(self):
        patch = mock.patch.object(journal, 'INTERRUPTED', -5.0)
        patch.start()
        self.addCleanup(patch.stop)
