# SPDX-License-Identifier: Apache-2.0
"""A real RabbitMQ that is there and takes no messages."""

import threading

from trove.common import exception
from trove.tests.fixtures import waiting
from trove.tests.functional.rpc import base
from trove.tests.unit.common.rpc import sample


class AlarmTest(base.BrokerTestCase):
    def setUp(self):
        super().setUp()
        self.config(rpc_send_attempts=1, rpc_confirm_timeout=1)
        self.transport = self.connected()
        self.manager = sample.Manager()
        self.api = sample.API(self.transport, 'x', timeout=5)
        self.server_side = self.connected()
        self.serve(self.server_side, self.manager)
        self.api.paint(self.context, 'door')

    def assert_told(self):
        """Then whoever sends is told so, however many there are."""
        errors = []

        def send(how):
            try:
                how(self.context, 'cup')
            except exception.ServiceUnavailable as error:
                errors.append(str(error))

        threads = [
            threading.Thread(target=send, args=(how,))
            for how in (self.api.paint, self.api.drop) * 5
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(300)
        self.assertEqual(10, len(errors))
        # What was written before it was known may be carried out later.
        for error in errors:
            self.assertRegex(
                error, 'The message broker (is unavailable|did not confirm)'
            )

    def assert_works_again(self):
        waiting.until(
            lambda: self.api.paint(self.context, 'door'),
            'the server answers again',
            timeout=90,
            ignore=(exception.TroveError,),
        )

    def test_an_alarm(self):
        self.broker.alarm(True)

        self.assert_told()

        self.assertIn('rabbitmqctl status', self.logs.output)
        # Those that connect meanwhile are told as well.
        fresh = sample.API(self.connected(), 'x', timeout=5)
        self.assertRaises(
            exception.ServiceUnavailable, fresh.drop, self.context, 'cup'
        )
        self.broker.alarm(False)
        self.assert_works_again()

    def test_one_that_is_frozen(self):
        fresh = self.connected()
        begun = self.connected()
        # It can send, and has no queue for replies yet.
        begun.connection.client('').prepare(topic='x').cast({}, 'x')
        with self.broker.frozen():
            self.assert_told()
            # So are those that would have to connect, or to listen,
            for transport in fresh, begun:
                api = sample.API(transport, 'x', timeout=5)
                for send in api.drop, api.paint:
                    self.assertRaises(
                        exception.ServiceUnavailable, send, self.context, 'x'
                    )
            # and who ends does end.
            fresh.close()
            begun.close()

        self.assert_works_again()

    def test_one_that_is_frozen_holds_up_no_end(self):
        server = self.server_side.server(self.manager, host='y', peer='y')
        server.start()
        with self.broker.frozen():
            server.stop()
            server.wait()
            self.server_side.close()

        self.assertIn('Abandoned the connection', self.logs.output)
