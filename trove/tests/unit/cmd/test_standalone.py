# SPDX-License-Identifier: Apache-2.0
"""The command line of trove-standalone."""

import contextlib
import io
import os
import pathlib
import signal

import fixtures

from trove.cmd import standalone
from trove.common import exception
from trove.standalone import progress
from trove.tests import base


class CommandTestCase(base.TestCase):
    def setUp(self):
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        self.useFixture(
            fixtures.MonkeyPatch('tempfile.tempdir', self.directory)
        )
        self.configured = self.patch('systems.configure')
        self.patch('systems.System')
        before = signal.getsignal(signal.SIGTERM)
        self.addCleanup(signal.signal, signal.SIGTERM, before)

    def patch(self, name, **kwargs):
        return self.useFixture(
            fixtures.MockPatch(f'trove.cmd.standalone.{name}', **kwargs)
        ).mock

    def run_(self, *arguments):
        """Return status, standard output and standard error."""
        output, errors = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
        ):
            status = standalone.main(arguments, self.conf)
        return status, output.getvalue(), errors.getvalue()

    def demo(self, error=None):
        self.patch('demos.Demo.run', side_effect=error)
        return self.run_('demo')

    def test_a_demonstration_that_held_is_a_success(self):
        status, output, errors = self.demo()

        self.assertEqual((0, ''), (status, errors))
        self.assertIn('steps passed', output)
        self.assertEqual([], os.listdir(self.directory))

    def test_one_that_did_not_hold_is_a_failure_with_the_log(self):
        def fail(*args):
            state_dir = self.configured.call_args.args[1]
            (state_dir / 'log').mkdir()
            (state_dir / 'log/trove.log').write_text('it broke here\n')
            raise progress.CheckFailed('the sky fell')

        status, output, errors = self.demo(fail)

        self.assertEqual(1, status)
        self.assertIn('FAILED: the sky fell', output)
        self.assertIn('it broke here', errors)
        self.assertEqual([], os.listdir(self.directory))

    def test_without_a_log_it_fails_all_the_same(self):
        status, output, _ = self.demo(progress.CheckFailed('the sky fell'))

        self.assertEqual(1, status)
        self.assertIn('FAILED: the sky fell', output)

    def test_what_is_in_the_way_is_told_without_a_traceback(self):
        status, _, errors = self.demo(exception.CloudError('no room'))

        self.assertEqual((1, 'trove-standalone: no room\n'), (status, errors))
        self.assertEqual([], os.listdir(self.directory))

    def test_interrupted_it_cleans_up(self):
        def interrupt(*args):
            os.kill(os.getpid(), signal.SIGTERM)

        status, _, errors = self.demo(interrupt)

        self.assertEqual(130, status)
        self.assertIn('stopped everything', errors)
        self.assertEqual([], os.listdir(self.directory))

    def test_what_must_be_installed_for_it_is_named(self):
        self.useFixture(
            fixtures.MockPatchObject(standalone, '_MISSING', 'troveclient')
        )

        status, _, errors = self.run_('demo')

        self.assertEqual(1, status)
        self.assertIn('module troveclient', errors)
        self.assertIn('trove[standalone]', errors)

    def test_serving_announces_itself_when_it_is_ready(self):
        class System:
            endpoint = 'http://127.0.0.1:8779/v1.0/demo'
            state_dir = pathlib.Path('/state')

            def __init__(self, conf, state_dir, on_ready):
                self.on_ready = on_ready

        self.patch('systems.System', new=System)
        self.patch(
            'service.run',
            side_effect=lambda conf, system: system.on_ready(system) or 0,
        )

        status, output, _ = self.run_(
            'serve', '--state-dir', self.directory, '--port', '0'
        )

        self.assertEqual(0, status)
        self.assertEqual(
            f'{standalone.READY}: http://127.0.0.1:8779/v1.0/demo',
            output.splitlines()[0],
        )
        self.assertIn('database instance list', output)
        self.configured.assert_called_once_with(
            self.conf, pathlib.Path(self.directory).resolve(), 0
        )

    def test_a_wrong_command_line_is_explained(self):
        for arguments in ((), ('fly',), ('serve', '--port', '70000')):
            errors = io.StringIO()
            with contextlib.redirect_stderr(errors):
                stopped = self.assertRaises(
                    SystemExit, standalone.main, arguments, self.conf
                )
            self.assertEqual(2, stopped.code)
            self.assertIn('usage: trove-standalone', errors.getvalue())
