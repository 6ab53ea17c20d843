# SPDX-License-Identifier: Apache-2.0
"""The lock that keeps orders in order."""

from __future__ import annotations

import threading

from trove.guestagent import turns
from trove.tests import base
from trove.tests.fixtures import waiting


class TurnsTest(base.TestCase):
    def test_the_order_of_asking_is_kept(self) -> None:
        # Given somebody whose turn it is, and others who ask one by one
        lock = turns.Turns()
        done: list[int] = []

        def work(number: int) -> None:
            with lock:
                done.append(number)

        threads = []
        with lock:
            for number in range(20):
                thread = threading.Thread(target=work, args=(number,))
                thread.start()
                threads.append(thread)
                waiting.until(
                    lambda count=number: lock._given == count + 2,
                    'the thread has asked',
                    interval=0.001,
                )
            self.assertEqual([], done)
        # Then
        for thread in threads:
            thread.join()
        self.assertEqual(list(range(20)), done)

    def test_a_place_is_kept_for_who_is_late(self) -> None:
        # Given two orders that have arrived
        lock = turns.Turns()
        done: list[int] = []
        places = [lock.place(), lock.place()]

        def work(number: int) -> None:
            with places[number]:
                with lock:
                    done.append(number)
                # Another turn is one like any other.
                with lock:
                    done.append(number + 10)

        # When the thread of the second asks first
        second = threading.Thread(target=work, args=(1,))
        second.start()
        waiting.until(lambda: lock._changed._waiters, 'it waits')
        # Then it waits for the first
        work(0)
        second.join()
        self.assertEqual([0, 1], [each for each in done if each < 10])
        self.assertEqual([0, 1, 10, 11], sorted(done))

    def test_a_place_that_is_not_used_is_given_up(self) -> None:
        lock = turns.Turns()
        refused, broken, last = (lock.place() for _ in range(3))

        with refused:
            pass
        try:
            with broken:
                raise KeyError
        except KeyError:
            pass

        with last, lock:
            pass
        with lock:
            pass

    def test_an_error_ends_the_turn(self) -> None:
        lock = turns.Turns()
        for _ in range(2):
            try:
                with lock:
                    raise KeyError
            except KeyError:
                pass
        with lock:
            pass
