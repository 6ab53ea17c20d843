# SPDX-License-Identifier: Apache-2.0
import functools
import os
import signal
import subprocess
import sys
import tempfile
import threading

import fixtures

from trove.common import clocks
from trove.common import service
from trove.tests import base
from trove.tests.fixtures import waiting

_PROGRAM = """
import os, sys, threading
from oslo_config import cfg
from trove.common import service
from trove import conf

class Component(service.Component):
    def start(self):
        print('started', flush=True)
        {start}
    def stop(self):
        print('stopped', flush=True)
    def reload(self):
        print('reloaded', cfg.CONF.upgrade_levels.guestagent, flush=True)

conf.setup(cfg.CONF, sys.argv[1:], 'test')
status = service.run(cfg.CONF, Component(), workers={workers})
print('status', status, flush=True)
sys.exit(status)
"""


#: What the first of several workers does in its start. It ends only when its
#: error was said, if it is.
_ENDED = """
        from trove.common import exception
        import signal
        try:
            os.mkdir({first!r})
        except FileExistsError:
            return
        stopped, said = threading.Event(), threading.Event()
        class Error(exception.ConfigurationError):
            def __str__(self):
                said.set()
                return super().__str__()
        def stop():
            stopped.set()
            said.wait(1)
        self.stop = stop
        os.kill(os.getpid(), signal.SIGTERM)
        stopped.wait(60)
        raise Error(option='bind_port', value='1', remedy='it is gone.')
"""


class PeriodicTest(base.TestCase):
    def test_it_goes_on_after_an_error_and_says_so(self):
        turns = []

        def turn():
            turns.append(1)
            raise RuntimeError('odd')

        periodic = service.Periodic(turn, interval=0.01, name='odd-job')
        periodic.start()
        self.addCleanup(periodic.stop)

        waiting.until(lambda: len(turns) > 2, 'it ran three times')
        self.assertIn('odd-job failed; retrying', self.logs.output)

    def test_stop_lets_the_turn_end_and_begins_no_other(self):
        begun, go_on, turns = threading.Event(), threading.Event(), []

        def turn():
            begun.set()
            go_on.wait(30)
            turns.append(1)

        periodic = service.Periodic(turn, interval=0)
        periodic.start()
        begun.wait(30)
        stopping = threading.Thread(target=periodic.stop)
        stopping.start()
        go_on.set()
        stopping.join(30)

        self.assertFalse(stopping.is_alive())
        self.assertLessEqual(len(turns), 2)

    def test_stop_does_not_wait_for_ever(self):
        begun, go_on = threading.Event(), threading.Event()
        self.addCleanup(go_on.set)
        self.patch(service, 'STOP_TIMEOUT', 0.0)

        def turn():
            begun.set()
            go_on.wait(60)

        stuck = [service.Periodic(turn, 0, f'stuck-{n}') for n in (1, 2)]
        for each in stuck:
            begun.clear()
            each.start()
            begun.wait(30)

        service.stop_all(stuck)
        stuck[0].stop()

        for name in 'stuck-1', 'stuck-2':
            self.assertIn(f'longer for {name}, which', self.logs.output)

    def test_wake_does_the_next_turn_now(self):
        turns = []
        periodic = service.Periodic(lambda: turns.append(1), interval=3600)
        periodic.start()
        self.addCleanup(periodic.stop)
        waiting.until(lambda: turns, 'the first turn')

        periodic.wake()

        waiting.until(lambda: len(turns) == 2, 'the second turn')


class ClockTest(base.TestCase):
    def test_a_clock_that_is_set_while_a_service_starts_is_told(self):
        class Component(service.Component):
            def start(component):
                self.clock += 3600

            def stop(component):
                pass

        self.clock = 0.0
        watch = functools.partial(
            clocks.Watch, read=lambda: self.clock, passed=lambda: 0.0
        )
        self.patch(service.clocks, 'Watch', watch)
        timed = service._Timed(Component(), 1)

        timed.prepare()
        timed.start()
        self.addCleanup(timed.stop)

        waiting.until(
            lambda: 'set forward by 3600' in self.logs.output, 'it is told'
        )


class RunTest(base.TestCase):
    def run_program(self, *arguments, start='pass', workers=1):
        # The test reads it by a place of its own: to go back to the start in
        # that of the program would let it write over what it has written.
        self.errors = tempfile.NamedTemporaryFile('r')
        self.addCleanup(self.errors.close)
        errors = open(self.errors.name, 'a')
        self.addCleanup(errors.close)
        program = subprocess.Popen(
            [
                sys.executable,
                '-c',
                _PROGRAM.format(start=start, workers=workers),
                *arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        self.addCleanup(program.stdout.close)
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        return program

    def test_sigterm_and_sigint_stop_it_in_order(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            program = self.run_program()
            self.assertEqual('started\n', program.stdout.readline())

            program.send_signal(number)

            self.assertEqual(
                'stopped\nstatus 0\n', program.communicate(timeout=60)[0]
            )
            self.assertEqual(0, program.returncode)

    def test_sighup_takes_over_changed_options(self):
        file = tempfile.NamedTemporaryFile('w', suffix='.conf')
        self.addCleanup(file.close)
        program = self.run_program('--config-file', file.name)
        self.assertEqual('started\n', program.stdout.readline())

        file.write('[upgrade_levels]\nguestagent = 1.1\n')
        file.flush()
        program.send_signal(signal.SIGHUP)

        self.assertEqual('reloaded 1.1\n', program.stdout.readline())

    def test_sighup_with_a_broken_file_changes_nothing(self):
        file = tempfile.NamedTemporaryFile('w', suffix='.conf')
        self.addCleanup(file.close)
        program = self.run_program('--config-file', file.name)
        self.assertEqual('started\n', program.stdout.readline())

        file.write('[upgrade_levels\nguestagent 1.1\n')
        file.flush()
        program.send_signal(signal.SIGHUP)
        waiting.until(
            lambda: self.errors.seek(0)
            or 'was rejected' in self.errors.read(),
            'the broken file was refused',
        )
        file.seek(0)
        file.truncate()
        file.write('[upgrade_levels]\nguestagent = 1.2\n')
        file.flush()
        program.send_signal(signal.SIGHUP)

        self.assertEqual('reloaded 1.2\n', program.stdout.readline())

    def test_what_fails_to_start_is_stopped_and_ends_with_an_error(self):
        program = self.run_program(start='raise RuntimeError("no")')

        self.assertEqual(
            'started\nstopped\n', program.communicate(timeout=60)[0]
        )
        self.assertEqual(1, program.returncode)

    def test_a_wrong_option_is_said_in_one_line(self):
        program = self.run_program(
            start='from trove.common import exception; '
            'raise exception.ConfigurationError('
            "option='size', value='x', remedy='use a number.')"
        )

        self.assertEqual(1, program.wait(timeout=60))
        self.errors.seek(0)
        self.assertEqual(
            ['test: Option size has the value "x": use a number.'],
            self.errors.read().splitlines(),
        )

    def test_a_thread_left_behind_does_not_keep_the_process(self):
        program = self.run_program(
            start='threading.Thread(target=threading.Event().wait).start()'
        )
        self.assertEqual('started\n', program.stdout.readline())

        program.send_signal(signal.SIGTERM)

        self.assertEqual(0, program.wait(timeout=60))

    def test_workers_run_in_processes_of_their_own(self):
        program = self.run_program(
            start='print(os.getppid(), flush=True)', workers=2
        )
        lines = [program.stdout.readline().strip() for _ in range(4)]

        self.assertEqual(
            [str(program.pid)] * 2 + ['started'] * 2, sorted(lines)
        )
        os.kill(program.pid, signal.SIGTERM)

        output = program.communicate(timeout=60)[0]
        self.assertEqual(2, output.count('stopped'))
        self.assertEqual(0, program.returncode)

    def test_a_wrong_option_ends_all_workers_and_is_said_once(self):
        program = self.run_program(
            start='from trove.common import exception; '
            'raise exception.ConfigurationError('
            "option='size', value='x', remedy='use a number.')",
            workers=2,
        )

        self.assertEqual(1, program.wait(timeout=60))
        self.errors.seek(0)
        self.assertEqual(
            ['test: Option size has the value "x": use a number.'],
            [
                line
                for line in self.errors.read().splitlines()
                if 'size' in line
            ],
        )

    def test_a_worker_that_is_ended_while_it_starts_ends_no_other(self):
        directory = self.useFixture(fixtures.TempDir()).path
        program = self.run_program(
            start=_ENDED.format(first=os.path.join(directory, 'first')),
            workers=2,
        )
        # Given one that is told to stop, and finds that what it needs is gone
        lines = [program.stdout.readline().strip() for _ in range(3)]

        # Then another one takes its place
        self.assertEqual(['started'] * 3, lines)
        self.assertIsNone(program.poll())
        os.kill(program.pid, signal.SIGTERM)
        program.communicate(timeout=60)
        self.assertEqual(0, program.returncode)


class BackendTest(base.TestCase):
    def test_importing_the_rpc_layer_leaves_eventlet_alone(self):
        output = subprocess.run(
            [
                sys.executable,
                '-c',
                'import sys; from trove.common import rpc; '
                'import oslo_messaging; from oslo_service import backend; '
                'print(sys.modules.get("eventlet"), '
                'backend.get_backend_type().name)',
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        self.assertEqual('None THREADING\n', output)
