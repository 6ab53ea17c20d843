# SPDX-License-Identifier: Apache-2.0
"""The metrics at the API, and who gets them."""

from __future__ import annotations

from trove.api import metrics as api_metrics
from trove.common import metrics
from trove.peers import telemetry
from trove.tests.fixtures import ports
from trove.tests.unit.api import base


class MetricsTest(base.TestCase):
    def watch(self):
        watch = telemetry.watch(
            self.conf, 'trove-api', database=True, in_api=True
        )
        self.addCleanup(watch.stop)
        return watch

    def test_they_are_not_found_by_default(self):
        self.config(group='metrics', listen=f'127.0.0.1:{ports.free_port()}')
        self.watch().start()

        response = self.client.simulate_get('/metrics')

        self.assert_fault(response, 404, 'itemNotFound')

    def test_they_are_told_where_the_operator_wants_it(self):
        self.config(group='metrics', in_api=True)
        self.load()
        self.watch().start()

        self.get('/flavors')
        response = self.client.simulate_get('/metrics')

        self.assertEqual(200, response.status_code)
        self.assertTrue(
            response.headers['content-type'].startswith('text/plain')
        )
        self.assertIn('trove_service_info{', response.text)
        self.assertIn('x-openstack-request-id', response.headers)

    def test_nothing_else_is_below_it(self):
        self.config(group='metrics', in_api=True)
        self.load()
        self.watch().start()

        response = self.client.simulate_get('/metricsandmore')

        self.assert_fault(response, 404, 'itemNotFound')


class WebServerTest(base.TestCase):
    """What another web server forks, and then asks."""

    def serve(self):
        watch = telemetry.watch(self.conf, 'trove-api', in_api=True)
        self.addCleanup(watch.stop)
        answers = []
        application = api_metrics.WatchFromFirst(
            lambda environ, start_response: answers.append(1) or [], watch
        )
        return lambda: application({}, lambda *args: None), answers

    def test_a_process_listens_from_its_first_request_on(self):
        port = ports.free_port()
        self.config(group='metrics', listen=f'127.0.0.1:{port}', ports=1)
        request, answers = self.serve()
        self.assertFalse(ports.accepts(port))

        request()
        request()

        self.assertTrue(ports.accepts(port))
        self.assertEqual(2, len(answers))

    def test_users_are_served_even_if_it_cannot(self):
        self.config(group='metrics', listen='nonsense')
        request, answers = self.serve()

        request()

        self.assertEqual(1, len(answers))
        self.assertIsNone(metrics.current())
        self.assertIn('[metrics] listen', self.logs.output)
