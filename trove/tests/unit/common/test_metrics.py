# SPDX-License-Identifier: Apache-2.0
"""What Prometheus reads of a process, as it reads it."""

from __future__ import annotations

from unittest import mock

from prometheus_client import parser
import requests

from trove.common import context
from trove.common import exception
from trove.common import metrics
from trove.common import rpc
from trove.common import service
from trove.tests import base
from trove.tests.fixtures import ports

NAME = 'trove_rpc_messages_total'


def samples(text, name=NAME):
    """Return the numbers by their labels, those that are empty left out."""
    return {
        frozenset((k, v) for k, v in found.labels.items() if v): found.value
        for family in parser.text_string_to_metric_families(text)
        for found in family.samples
        if found.name == name
    }


class API(
    rpc.Client,
    interface=rpc.Interface(
        name='guestagent',
        topic=lambda conf, peer: f'metrics.{peer}',
        peer='server %s',
        remedy='Upgrade it.',
        history=(
            rpc.Revision('1.0', 'First.', releases=('2026.2',)),
            rpc.Revision('1.0/hasty', 'Second.', releases=('2027.1',)),
        ),
    ),
):
    @rpc.call('1.0')
    def greet(self, context: context.TroveContext) -> str:
        """Greet."""


class Manager:
    interface = API.interface

    def greet(self, context):
        return 'hello'


class MetricsTestCase(base.TestCase):
    def event(self, outcome, method='greet', version='1.0', **values):
        return rpc.Event(
            outcome,
            'guestagent',
            values.pop('peer', None),
            method,
            version,
            **values,
        )

    def metrics(self, gauges=()):
        return metrics.Metrics(
            'trove-test', 'h1', [API.interface], gauges
        )

    def labels(self, outcome, method='greet', version='1.0', **values):
        values.update(interface='guestagent', method=method)
        values.update(version=version, outcome=outcome)
        return frozenset(values.items())


class MessagesTestCase(MetricsTestCase):
    def test_each_outcome_is_counted(self):
        counted = self.metrics()

        for _ in range(2):
            counted.observe(
                self.event('sent', release='2026.2', form='released')
            )
        counted.observe(self.event('left out', arguments=('a', 'b')))
        counted.observe(self.event('refused', version='1.0/hasty'))

        self.assertEqual(
            {
                self.labels('sent', release='2026.2', form='released'): 2,
                self.labels('left out'): 1,
                self.labels('refused', version='1.0/hasty'): 1,
            },
            samples(counted.text()),
        )

    def test_what_was_not_taken_is_counted_by_cause(self):
        counted = self.metrics()

        for cause in 'limit', 'compressed', 'limit':
            counted.observe(self.event('rejected', cause=cause))
        counted.observe(self.event('received'))

        guests = ('interface', 'guestagent')
        self.assertEqual(
            {
                frozenset({guests, ('cause', 'limit')}): 2,
                frozenset({guests, ('cause', 'compressed')}): 1,
            },
            samples(counted.text(), 'trove_rpc_rejected_total'),
        )

    def test_peers_are_not_named(self):
        counted = self.metrics()

        counted.observe(self.event('sent', peer='an-instance'))

        self.assertNotIn('an-instance', counted.text())

    def test_words_of_strangers_are_not_repeated(self):
        counted = self.metrics()

        for number in range(100):
            for outcome in 'rejected', 'received':
                counted.observe(
                    self.event(
                        outcome, f'evil{number}', f'{number}.{number * 77}'
                    )
                )
        counted.observe(self.event('rejected'))

        found = samples(counted.text())
        self.assertEqual(
            {
                self.labels('rejected'): 1,
                self.labels('rejected', 'unknown', 'unknown'): 100,
                self.labels('received', 'unknown', 'unknown'): 100,
            },
            {k: v for k, v in found.items() if v},
        )

    def test_an_interface_that_is_not_declared(self):
        counted = metrics.Metrics('trove-test', 'h1', [])

        counted.observe(self.event('rejected'))

        (found,) = samples(counted.text())
        self.assertIn(('method', 'unknown'), found)

    def test_nothing_is_told_twice(self):
        counted = self.metrics()

        counted.observe(self.event('sent'))

        self.assertNotIn('_created', counted.text())

    def test_the_process_says_what_it_is(self):
        (found,) = samples(self.metrics().text(), 'trove_service_info')

        self.assertIn(('service', 'trove-test'), found)
        self.assertIn(('host', 'h1'), found)

    def test_what_libraries_lack_is_told(self):
        fallbacks = {'reader': ('kombu.gone',), 'buffer': ()}
        with mock.patch.object(rpc, 'fallbacks', return_value=fallbacks):
            found = samples(self.metrics().text(), 'trove_rpc_fallback')

        self.assertEqual(
            {
                frozenset({('use', 'reader')}): 1,
                frozenset({('use', 'buffer')}): 0,
            },
            found,
        )

    def test_the_installed_libraries_lack_nothing(self):
        found = samples(self.metrics().text(), 'trove_rpc_fallback')

        self.assertIn(frozenset({('use', 'reader')}), found)
        self.assertEqual({0}, set(found.values()))


class GaugeTestCase(MetricsTestCase):
    def gauge(self, read, fresh=10.0):
        return metrics.Gauge('waiting', 'That wait', ('cause',), read, fresh)

    def test_it_is_read_when_somebody_asks(self):
        numbers = {'seal': 3}
        gauge = self.gauge(
            lambda: [((k,), v) for k, v in numbers.items()], fresh=0
        )
        counted = self.metrics([gauge])

        before = samples(counted.text(), 'waiting')
        numbers['seal'] = 4
        after = samples(counted.text(), 'waiting')

        self.assertEqual({frozenset({('cause', 'seal')}): 3}, before)
        self.assertEqual({frozenset({('cause', 'seal')}): 4}, after)

    def test_it_is_not_read_with_every_scrape(self):
        reads = []
        counted = self.metrics([self.gauge(lambda: reads.append(1) or [])])

        counted.text()
        counted.text()

        self.assertEqual(1, len(reads))

    def test_what_cannot_be_read_is_left_out_and_logged(self):
        def fail():
            raise exception.ServiceUnavailable(what='The database')

        counted = self.metrics([self.gauge(fail)])
        counted.observe(self.event('sent'))

        text = counted.text()

        self.assertEqual({}, samples(text, 'waiting'))
        self.assertEqual(1, len(samples(text)))
        self.assertIn('Could not read waiting', self.logs.output)


class WatchTestCase(MetricsTestCase):
    def watch(self, **kwargs):
        watch = metrics.Watch(
            self.conf, 'trove-test', [API.interface], **kwargs
        )
        self.addCleanup(watch.stop)
        return watch

    def send(self):
        """Have a message sent and received within this process."""
        transport = self.memory_transport()
        server = transport.server(Manager(), host='here', peer='p')
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)
        API(transport, 'p').greet(context.make_admin_context())

    def listen(self, count=1):
        port = ports.free_port()
        self.config(group='metrics', listen=f'127.0.0.1:{port}', ports=count)
        return port

    def scrape(self, port):
        response = requests.get(f'http://127.0.0.1:{port}/metrics', timeout=9)
        self.assertEqual(200, response.status_code)
        return response.text

    def test_nothing_is_counted_unless_wanted(self):
        self.watch(in_api=True).start()

        self.assertIsNone(metrics.current())

    def test_messages_of_this_process_are_told(self):
        port = self.listen()
        self.watch().start()

        self.send()

        found = samples(self.scrape(port))
        outcomes = {dict(each)['outcome'] for each in found}
        self.assertEqual({'sent', 'received'}, outcomes)
        self.assertEqual({'greet'}, {dict(each)['method'] for each in found})

    def test_stopped_it_neither_counts_nor_listens(self):
        port = self.listen()
        watch = self.watch()
        watch.start()

        watch.stop()

        self.assertIsNone(metrics.current())
        self.assertFalse(ports.accepts(port))

    def test_processes_of_a_host_take_a_port_each(self):
        port = self.listen(count=20)
        for _ in range(2):
            self.watch().start()

        self.assertTrue(ports.accepts(port))
        self.assertTrue(any(map(ports.accepts, range(port + 1, port + 20))))

    def test_one_that_finds_no_port_is_refused_at_start(self):
        self.listen(count=1)
        self.watch().start()

        error = self.assertRaises(
            exception.ConfigurationError, self.watch().start
        )

        self.assertIn('[metrics] ports', str(error))

    def test_what_is_no_address_is_refused_at_start(self):
        for value in ('nonsense', '127.0.0.1', ':1', '127.0.0.1:99999', ''):
            self.config(group='metrics', listen=value)

            error = self.assertRaises(
                exception.ConfigurationError, self.watch().start
            )

            self.assertIn('HOST:PORT', str(error))

    def test_several_workers_do_not_answer_in_turn(self):
        self.config(group='metrics', in_api=True)
        self.config(trove_api_workers=2)

        error = self.assertRaises(
            exception.ConfigurationError, self.watch(in_api=True).start
        )

        self.assertIn('[metrics] listen', str(error))
        self.watch(in_api=False).start()

    def test_only_a_get_is_answered(self):
        port = self.listen()
        self.watch().start()

        response = requests.post(f'http://127.0.0.1:{port}/', timeout=9)

        self.assertEqual(405, response.status_code)


class WatchedTestCase(base.TestCase):
    def test_all_of_a_service_is_watched(self):
        done = []

        class Part(service.Component):
            def __init__(self, name):
                self.name = name

            def start(self):
                done.append(f'start {self.name}')

            def stop(self):
                done.append(f'stop {self.name}')

            def reload(self):
                done.append(f'reload {self.name}')

        both = metrics.Watched(Part('watch'), Part('service'))
        both.start()
        both.reload()
        both.stop()

        self.assertEqual(
            [
                *('start watch', 'start service', 'reload service'),
                *('stop service', 'stop watch'),
            ],
            done,
        )
