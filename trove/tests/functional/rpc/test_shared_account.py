# SPDX-License-Identifier: Apache-2.0
"""One broker account for all guest agents, on a real RabbitMQ."""

from __future__ import annotations

import pathlib
import shlex

import oslo_messaging
import testtools

import trove
from trove.tests.fixtures import rabbitmq
from trove.tests.functional.rpc import accounts

_GUIDE = 'doc/source/install/controller.rst'


class GuideTest(accounts.AccountsTestCase):
    """One account for all guests, as the installation guide makes it."""

    def test_it_does_for_guests_and_for_no_more(self):
        # Given what the guide says,
        broker = self.useFixture(rabbitmq.RabbitMQ())
        broker.ctl('delete_user', broker.user)
        for command in _commands_of_the_guide():
            broker.ctl(*command)
        at = f'@127.0.0.1:{broker.port}/trove'
        control = self.connected(f'rabbit://trove:RABBIT_PASS{at}')
        self.listen(control, self.conf.conductor_queue, accounts.Conductor())
        control.connection.create_queue('taskmanager', 'tm1')

        # then it does for a guest agent,
        guest = self.connected(f'rabbit://guests:GUEST_PASS{at}')
        self.listen(guest, 'guestagent.a', accounts.Guest())
        for transport, topic, answer in (
            (control, 'guestagent.a', 'well?'),
            (guest, self.conf.conductor_queue, 'well!'),
        ):
            transport.connection.reach()
            call = self.client(transport, topic).call
            self.assertEqual(answer, call({}, 'ask', what='well'))
        # and the task managers are out of its reach.
        cast = self.client(guest, 'taskmanager', None).cast
        with testtools.ExpectedException(
            oslo_messaging.MessageDeliveryFailure, '(?s).*ACCESS_REFUSED'
        ):
            cast({}, 'tell', what='news')


def _commands_of_the_guide():
    """The commands of the section "Message broker" that make accounts."""
    guide = pathlib.Path(trove.__file__).parents[1] / _GUIDE
    text = guide.read_text().partition('2. Message broker')[2]
    text = text.partition('3. Database')[0]
    for line in text.splitlines():
        command = line.strip().removeprefix('# rabbitmqctl ')
        if command != line.strip():
            yield shlex.split(command)
