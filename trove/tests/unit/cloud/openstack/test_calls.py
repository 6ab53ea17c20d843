# SPDX-License-Identifier: Apache-2.0
"""Requests that fail, whose answers are lost, or that are not ours."""

from __future__ import annotations

import fixtures
from keystoneauth1 import exceptions as ks_exceptions

from trove.cloud import base as cloud_base
from trove.cloud.openstack import calls
from trove.cloud.openstack import errors
from trove.common import exception
from trove.tests.unit.cloud.openstack import clouds
from trove.tests.unit.cloud.openstack import things

#: What changes something, when an instance is made.
MAKING = (
    'create_volume',
    'create_server_group',
    'create_security_group',
    'create_security_group_rule',
    'create_port',
    'create_ip',
    'create_server',
)

#: And when it is deleted.
DELETING = (
    'delete_server',
    'delete_server_group',
    'delete_volume',
    'delete_ip',
    'delete_port',
    'delete_security_group',
)

CHANGING = (
    'reboot_server',
    'stop_server',
    'start_server',
    'resize_server',
    'confirm_server_resize',
    'rebuild_server',
    'extend_volume',
)

ALL = {
    'locality': 'affinity',
    'access': cloud_base.Access(is_public=True),
}


class FaultTest(clouds.TestCase):
    """Each call that changes something, with each fault of an API."""

    def when_changed(self):
        compute = self.cloud.compute
        compute.reboot_server(self.context, 'i1')
        compute.stop_server(self.context, 'i1')
        compute.reboot_server(self.context, 'i1')
        compute.resize_server(self.context, 'i1', self.flavor(2))
        compute.confirm_resize(self.context, 'i1')
        compute.rebuild_server(self.context, self.spec())
        self.cloud.volumes.extend(self.context, 'i1', 3)

    def test_what_was_not_taken_is_asked_again(self):
        for status in (429, 503):
            for call in (*MAKING, *CHANGING, *DELETING):
                with self.subTest(call, status=status):
                    self.services.fail(call, status, times=2)
                    self.given(**ALL)
                    self.when_changed()
                    self.delete()

                    self.assertEqual([], self.services.left())

    def test_what_was_done_without_an_answer_is_not_done_twice(self):
        for call in (*MAKING, *CHANGING, *DELETING):
            with self.subTest(call):
                self.services.asked.clear()
                self.services.fail(call, 504, done=True)
                self.given(**ALL)
                once = self.services.left()
                self.when_changed()
                self.delete()

                # Two ports, one of everything else.
                self.assertEqual(7, len(once), once)
                self.assertEqual([], self.services.left())

    def test_what_may_come_later_is_not_repeated(self):
        for call in MAKING:
            with self.subTest(call):
                self.services.asked.clear()
                self.services.fail(call, 504)

                error = self.assertRaises(
                    exception.CloudError, self.given, **ALL
                )

                self.assertIn('HTTP 504', str(error))
                self.assertEqual(1, self.services.asked.count(call))
                self.delete()
                self.assertEqual([], self.services.left())

    def test_what_has_failed_without_a_trace_is_repeated(self):
        # Given: a service that another one did not answer for seconds.
        for call in MAKING:
            with self.subTest(call):
                self.services.asked.clear()
                self.services.fail(call, 500, times=2)

                self.given(**ALL)

                self.assertEqual(7, len(self.services.left()))
                self.delete()
                self.assertEqual([], self.services.left())

    def test_what_has_failed_and_is_there_is_not_made_twice(self):
        for call in MAKING:
            with self.subTest(call):
                self.services.asked.clear()
                self.services.fail(call, 500, done=True)

                self.given(**ALL)

                self.assertEqual(7, len(self.services.left()))
                self.delete()
                self.assertEqual([], self.services.left())

    def test_what_fails_for_ever_is_told(self):
        self.services.fail('create_server', 500, times=99)

        error = self.assertRaises(exception.CloudError, self.given)

        self.assertIn('HTTP 500', str(error))
        self.assertEqual(5, self.services.asked.count('create_server'))

    def test_what_appears_after_its_failure_is_used(self):
        # Given: the cloud shows it only when it refuses another one.
        api = calls.Calls(self.conf, self.services)
        answers = [things.error(500, 'no luck'), things.error(409, 'in use')]
        shown = [None, None, 'it']

        def ask():
            raise answers.pop(0)

        self.assertEqual('it', api.make('ask', ask, lambda: shown.pop(0)))

    def test_what_may_be_repeated_is(self):
        for call in (*CHANGING, *DELETING):
            with self.subTest(call):
                self.services.fail(call, 504)
                self.given(**ALL)
                self.when_changed()
                self.delete()

                self.assertEqual([], self.services.left())

    def test_a_wrong_state_after_a_lost_answer_is_its_success(self):
        self.given()
        for status, said in (
            (409, 'task_state powering-off'),
            (400, 'Instance has not been resized'),
        ):
            with self.subTest(status):
                self.services.fail('stop_server', 504, done=True)
                self.services.fail('stop_server', status, said)

                self.cloud.compute.stop_server(self.context, 'i1')

                self.cloud.compute.reboot_server(self.context, 'i1')

    def test_it_gives_up(self):
        self.services.fail('create_port', 503, times=99)

        error = self.assertRaises(exception.CloudError, self.given)

        self.assertIn('create the user port: no luck (HTTP 503)', str(error))
        self.assertEqual(5, self.services.asked.count('create_port'))
        self.assertEqual([0.5, 1.0, 2.0, 4.0], self.services.paused)

    def test_a_refused_token_is_told(self):
        self.services.fail('create_volume', 401)

        error = self.assertRaises(exception.CloudError, self.given)

        self.assertIn('[service_credentials]', str(error))


class FenceTest(clouds.TestCase):
    def test_nothing_is_changed_when_the_work_is_lost(self):
        class LostError(Exception):
            pass

        def check():
            raise LostError

        self.given(**ALL)
        fenced = self.cloud.fenced(check)
        before = self.services.left()

        for change in (
            lambda: fenced.compute.delete_server(self.context, 'i1'),
            lambda: fenced.compute.reboot_server(self.context, 'i1'),
            lambda: fenced.volumes.delete(self.context, 'i1'),
            lambda: fenced.network.release(self.context, 'i1'),
            lambda: fenced.volumes.create(self.context, 'i2', 1),
        ):
            self.assertRaises(LostError, change)

        self.assertEqual(before, self.services.left())
        self.assertIsNotNone(fenced.compute.get_server(self.context, 'i1'))


class RetryTest(clouds.TestCase):
    def test_connections_that_are_refused_are_retried(self):
        api = calls.Calls(self.conf, self.services)
        refused = ks_exceptions.ConnectFailure('Connection refused')
        answers = [refused, refused, 'yes']

        def ask():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.assertEqual('yes', api.make('ask', ask, lambda: None))

    def test_a_request_that_is_retried_often_is_one_warning(self):
        for times, warnings in (2, 0), (4, 1):
            with self.subTest(times):
                self.services.fail('create_volume', 503, times=times)
                self.cloud.volumes.create(self.context, f'i{times}', 2)

                said = self.logs.output.count('Could not create the volume')
                self.assertEqual(warnings, said)
        self.assertIn('retry 3 of at most 4: ', self.logs.output)

    def test_a_long_wait_says_what_it_waits_for(self):
        self.useFixture(
            fixtures.MonkeyPatch('trove.common.patience.FIRST', 0.0)
        )
        answers = [calls.Pending('volume v1 is creating'), 'there']

        calls.Calls(self.conf, self.services).wait(
            'create the volume', lambda: answers.pop(0), 60
        )

        self.assertIn(
            'create the volume, volume v1 is creating: waiting for',
            self.logs.output,
        )

    def test_a_wait_goes_on_while_the_service_is_away(self):
        api = calls.Calls(self.conf, self.services)
        away = things.error(503, 'restarting')
        answers = [away] * 7 + ['yes']

        def ask():
            answer = answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.assertEqual(
            'yes', api.wait('ask', lambda: api.look('ask', ask), 60)
        )

    def test_and_says_that_it_is_after_the_timeout(self):
        api = calls.Calls(self.conf, self.services)

        def ask():
            raise things.error(503, 'restarting')

        error = self.assertRaises(
            exception.CloudError,
            api.wait,
            'ask',
            lambda: api.look('look', ask),
            0,
        )

        self.assertIn('not done after 0 seconds', str(error))
        self.assertIn('restarting (HTTP 503)', str(error))

    def test_but_not_when_the_service_refuses(self):
        api = calls.Calls(self.conf, self.services)

        def ask():
            raise things.error(403, 'no')

        error = self.assertRaises(
            exception.CloudError,
            api.wait,
            'ask',
            lambda: api.look('look', ask),
            60,
        )

        self.assertNotIsInstance(error, exception.CloudUnreachable)

    def test_a_service_says_when_it_wants_to_be_asked_again(self):
        error = things.error(429, 'slow down')
        error.response.headers['Retry-After'] = '7'

        self.assertEqual(7, errors.retry_after(error))
