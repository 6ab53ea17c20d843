# SPDX-License-Identifier: Apache-2.0
"""Requests that wait for others, and those that do not have to."""

import contextlib
import json
import pathlib
import re
import threading

import fixtures
import oslo_messaging

from trove.api import gate
from trove.api import handlers
from trove.common import exception
from trove.objects.instance import states
from trove.tests import base as tests_base
from trove.tests.fixtures import reports
from trove.tests.fixtures import waiting
from trove.tests.unit.api import base
from trove.tests.unit.api import raw


class TestOneThatDoesNotAnswer(base.TestCase):
    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.path = f'/instances/{self.instance.id}/databases'
        self.transport.errors['list_databases'] = (
            oslo_messaging.MessagingTimeout()
        )
        self.get(self.path)
        self.transport.errors.clear()

    def report(self, sent):
        reports.heard(
            self.instance.id,
            status=states.ServiceStatus.HEALTHY,
            guest_version=self.guest_version,
            sent=sent,
        )

    def test_it_is_not_asked_again(self):
        response = self.get(self.path)

        self.assert_fault(
            response, 503, 'serviceUnavailable', 'not reported since'
        )
        # python-troveclient 8.11 ends with a TypeError at it.
        self.assertNotIn('retry-after', response.headers)
        self.assertEqual([], self.transport.sent)
        # Whatever does not need it is done.
        self.assertEqual(
            202,
            self.post(
                f'/instances/{self.instance.id}/action', {'restart': {}}
            ).status_code,
        )

    def test_it_reports(self):
        self.report(sent=1000.0)

        self.assertEqual(200, self.get(self.path).status_code)
        self.assertEqual(200, self.get(self.path).status_code)


class TestShares(tests_base.TestCase):
    """Given guests, Keystone and the cloud that are all silent."""

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MonkeyPatch('trove.api.gate._PLACE_TIMEOUT', 0)
        )
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def fill(self, place):
        """Take places until there are none; return how many there were."""
        for number in range(1000):
            try:
                self.stack.enter_context(place(number))
            except exception.ServiceUnavailable:
                return number
        return None

    def test_threads_are_left_for_what_waits_for_nobody(self):
        for threads in 2, 4, 8, 16, 64:
            places = gate.Gate(threads)

            guests = self.fill(places.place)
            askers = self.fill(lambda _, it=places: it.place_of_anybody())

            self.assertEqual(max(1, threads * 3 // 4), guests)
            self.assertLess(guests + askers, threads)
            # Whom nobody knows yet finds a place beside all that wait.
            self.assertTrue(askers or threads < 8)

    def test_a_project_leaves_places_to_the_next_ones(self):
        places = gate.Gate(16)

        taken = [
            self.fill(lambda _, it=project: places.place(it))
            for project in ('one', 'two', 'three')
        ]

        self.assertEqual([8, 3, 1], taken)
        places = gate.Gate(16)
        with contextlib.ExitStack() as one, contextlib.ExitStack() as two:
            for stack, project in [(one, 'one'), (two, 'two')] * 4:
                stack.enter_context(places.place(project))
            one.close()
            # What is free again is for whoever has fewer.
            self.assertEqual(6, self.fill(lambda _: places.place('three')))

    def test_a_project_leaves_places_that_wait_for_jobs(self):
        for threads in 1, 2, 4, 16, 64:
            places = gate.Gate(threads)

            mine = self.fill(lambda _, it=places: it.place_of_job('mine'))

            self.assertEqual(max(1, threads // 8), mine)
            with places.place_of_job('of another'):
                pass

    def test_the_error_names_what_is_full(self):
        places = gate.Gate(4)
        for project in 'one', 'two', 'three':
            self.stack.enter_context(places.place(project))

        error = self.assertRaises(
            exception.ServiceUnavailable,
            self.stack.enter_context,
            places.place('four'),
        )

        self.assertIn('3 requests are already waiting for guests', str(error))

    def test_no_handler_waits_without_a_place(self):
        waits = re.compile(
            r'runtime\.(guest|cloud|taskmanager)\b'
            r'|\b(storage|certificates)\.load\('
        )
        root = pathlib.Path(handlers.__path__[0])

        found = [
            (path.stem, line.strip())
            for path in sorted(root.glob('*.py'))
            for line in path.read_text().splitlines()
            if waits.search(line)
        ]

        # A pool of its own asks, see Runtime.ask.
        asked = 'guest = request.runtime.guest(instance.id, timeout)'
        self.assertEqual([('instances', asked)], found, 'Use request instead.')


class TestManyThatWait(raw.TestCase):
    threads = 16

    def setUp(self):
        super().setUp()
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.addCleanup(self.go_on.set)
        self.transport.on_send = self.wait

    def wait(self, **arguments):
        self.asked.release()
        self.go_on.wait(raw.PATIENCE)

    def clients(self, instances, project=base.PROJECT):
        """Given clients that each ask for the databases of an instance."""
        clients = []
        for instance in instances:
            client = self.connect()
            client.send(
                raw.request(
                    'GET',
                    f'/v1.0/{project}/instances/{instance.id}/databases',
                    f'X-Auth-Token: alice:{project}',
                )
            )
            clients.append(client)
        return clients

    def turned_away(self, clients, number):
        """Wait until so many are turned away; return the others."""
        left = list(clients)

        def all_of_them():
            for client in list(left):
                if client.has_answer():
                    status, headers, body = client.answer()
                    self.assertEqual(503, status, body)
                    self.assertNotIn('retry-after', headers)
                    left.remove(client)
            return len(clients) - len(left) == number

        waiting.until(all_of_them, 'they are turned away', raw.PATIENCE)
        return left

    def assert_served(self):
        """Then whoever waits for nobody is answered."""
        other = base.OTHER_PROJECT
        with raw.Client(self.service.port) as client:
            status, _, _ = client.ask(
                raw.request(
                    'GET',
                    f'/v1.0/{other}/instances',
                    f'X-Auth-Token: bob:{other}',
                )
            )
        self.assertEqual(200, status)

    def test_for_one_guest(self):
        clients = self.clients([self.active()] * 40)

        self.assert_served()
        left = self.turned_away(clients, 38)
        self.assert_served()

        self.go_on.set()
        self.assertEqual([200, 200], [it.answer()[0] for it in left])

    def test_of_one_project(self):
        self.config(
            max_instances_per_tenant=50,
            max_volumes_per_tenant=50,
            max_ram_per_tenant=-1,
        )
        mine = [self.active() for _ in range(12)]
        other = self.active(base.OTHER_PROJECT)
        clients = self.clients(mine)
        left = self.turned_away(clients, 4)

        # Another project's guest is asked meanwhile.
        clients = self.clients([other], base.OTHER_PROJECT)
        for _ in range(9):
            self.assertTrue(self.asked.acquire(timeout=raw.PATIENCE))

        self.go_on.set()
        for client in left + clients:
            self.assertEqual(200, client.answer()[0])

    def test_a_short_time(self):
        # Given more than there are places, each quick
        self.go_on.set()
        instance = self.active()

        clients = self.clients([instance] * 10)

        for client in clients:
            self.assertEqual(200, client.answer()[0])


class TestManyChanges(raw.TestCase):
    """Given changes of encryption that end when the test says it."""

    threads = 16

    def setUp(self):
        super().setUp()
        self.begun = []
        self.transport.on_send = lambda instance_id=None, **_: (
            self.begun.append(instance_id)
        )
        self.config(max_ram_per_tenant=-1)

    def change(self, instance, project=base.PROJECT):
        """Given a client that undoes a change of an instance."""
        body = json.dumps({'ssl': {'rollback': True}}).encode()
        client = self.connect()
        client.send(
            raw.request(
                'POST',
                f'/v1.0/{project}/instances/{instance.id}/ssl',
                f'X-Auth-Token: alice:{project}',
                'Content-Type: application/json',
                f'Content-Length: {len(body)}',
                body=body,
            )
        )
        return client

    def when_begun(self, instances):
        waiting.until(
            lambda: {each.id for each in instances} == set(self.begun),
            'they are begun',
            raw.PATIENCE,
        )

    def test_of_one_project(self):
        mine = [self.active() for _ in range(3)]
        other = self.active(base.OTHER_PROJECT)
        clients = [self.change(each) for each in mine[:2]]
        self.when_begun(mine[:2])

        status, headers, body = self.change(mine[2]).answer()

        self.assertEqual(503, status, body)
        self.assertNotIn('retry-after', headers)
        self.assertIn('2 requests are already waiting', str(body))
        # Nothing was begun, and another project is not concerned
        clients.append(self.change(other, base.OTHER_PROJECT))
        self.when_begun([*mine[:2], other])
        for each in self.begun:
            self.change_encryption(each)
        self.assertEqual([200] * 3, [it.answer()[0] for it in clients])
