# SPDX-License-Identifier: Apache-2.0
"""Addresses: each is given once, whoever asks at the same time."""

import collections
import pathlib
import socket
import subprocess
import sys

import fixtures

from trove.cloud.local import addresses
from trove.common import exception
from trove.tests import base

ALLOCATE = """
import pathlib, sys
from trove.cloud.local import addresses
table = addresses.Addresses(pathlib.Path(sys.argv[1]), sys.argv[2], 5499)
sys.stdin.readline()
for number in range(20):
    print(table.allocate(f'{sys.argv[3]}-{number}'), flush=True)
print(table.allocate('shared'), flush=True)
"""

PORT = 5499


class AddressesTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )

    def table(self, network='127.99.0.0/24'):
        return addresses.Addresses(self.directory, network, PORT)

    def listen(self, address):
        listener = socket.create_server((address, PORT))
        self.addCleanup(listener.close)

    def test_an_instance_keeps_its_address(self):
        first = self.table().allocate('i1')

        self.assertEqual(first, self.table().allocate('i1'))
        self.assertEqual(first, self.table().get('i1'))
        self.assertNotEqual(first, self.table().allocate('i2'))

    def test_who_has_none_has_none(self):
        self.assertIsNone(self.table().get('i1'))
        self.table().release('i1')

    def test_one_given_back_is_given_away_last(self):
        table = self.table('127.99.0.0/29')
        six = [table.allocate(f'i{number}') for number in range(6)]
        table.release('i0')

        self.assertEqual(6, len(set(six)))
        self.assertEqual(six[0], table.allocate('new'))

    def test_one_that_somebody_listens_on_is_passed_over(self):
        table = self.table('127.99.0.0/30')
        first = table.allocate('i1')
        table.release('i1')
        other = {'127.99.0.1', '127.99.0.2'} - {first}
        self.listen(other.pop())

        self.assertEqual(first, table.allocate('i2'))

    def test_when_none_is_free_the_error_says_what_to_do(self):
        table = self.table('127.99.1.0/30')
        table.allocate('i1')
        used = table.get('i1')
        free = {'127.99.1.1', '127.99.1.2'} - {used}
        self.listen(free.pop())

        error = self.assertRaises(
            exception.CloudError, table.allocate, 'i2'
        )

        self.assertIn('1 addresses are assigned', str(error))
        self.assertIn('[cloud_local] network', str(error))

    def test_processes_at_the_same_time_never_get_the_same(self):
        workers = [
            subprocess.Popen(
                [
                    sys.executable,
                    '-c',
                    ALLOCATE,
                    str(self.directory),
                    '127.99.0.0/24',
                    f'worker{number}',
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for number in range(4)
        ]
        for worker in workers:
            worker.stdin.write('go\n')
            worker.stdin.flush()

        outputs = [worker.communicate()[0].split() for worker in workers]

        self.assertEqual([21] * 4, [len(output) for output in outputs])
        own = [address for output in outputs for address in output[:-1]]
        self.assertEqual(
            [], [a for a, n in collections.Counter(own).items() if n > 1]
        )
        self.assertEqual(1, len({output[-1] for output in outputs}))

    def test_a_network_that_is_not_local_is_refused(self):
        for network in ('10.0.0.0/8', 'nonsense', '127.0.0.1/8'):
            error = self.assertRaises(
                exception.ConfigurationError,
                addresses.parse_network,
                network,
            )
            self.assertIn('127.42.0.0/16', str(error))
