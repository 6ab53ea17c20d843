# SPDX-License-Identifier: Apache-2.0
"""What a server says in its log of why it does not follow."""

from __future__ import annotations

from trove.guestagent.datastores.postgresql import server_errors
from trove.tests import base

REFUSED = (
    'could not connect to the primary server: connection to server at '
    '"127.0.0.1", port 5599 failed: FATAL:  password authentication failed '
    'for user "replicator"'
)
GONE = (
    'could not receive data from WAL stream: ERROR:  requested WAL segment '
    '000000010000000000000003 has already been removed'
)
OTHERS = (
    'FATAL:  password authentication failed for user "clerk"',
    'LOG:  waiting for WAL to become available at 0/3000018',
    'ERROR:  WAL stream is a word of a customer',
)


class ReceiverTest(base.TestCase):
    def log(self, *lines: str) -> str:
        return '\n'.join(f'2026-11-30 10:23 UTC [54] {each}' for each in lines)

    def test_the_last_error_counts(self) -> None:
        for first, last in (REFUSED, GONE), (GONE, REFUSED):
            said = server_errors.receiver_error(
                self.log(
                    f'FATAL:  {first}',
                    'FATAL:  streaming replication receiver "walreceiver" '
                    f'{last}',
                    *OTHERS,
                )
            )
            self.assertEqual(last, said)

    def test_errors_of_others_do_not_count(self) -> None:
        self.assertEqual('', server_errors.receiver_error(self.log(*OTHERS)))
