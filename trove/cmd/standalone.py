# SPDX-License-Identifier: Apache-2.0
"""``trove-standalone``: a whole Trove in one process.

Exit status: 0 done; 1 not done, the reason is on standard error; 2 the
command line is wrong; 130 interrupted.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import pathlib
import shutil
import signal
import sys
import tempfile
import time
from types import FrameType

from oslo_config import cfg

from trove import version
from trove.common import exception
from trove.common import service
from trove.common import text as texts
from trove.standalone import progress as progresses
from trove.standalone import system as systems

try:
    from trove.standalone import demo as demos
except ImportError as error:
    _MISSING: str | None = error.name
else:
    _MISSING = None

#: The whole line that says that everything is up, for scripts to wait for.
READY = 'trove-standalone is ready'

_EPILOG = """\
serve keeps its state: started again with the same --state-dir, the instances
and their data are there. Everybody who reaches the API is believed, so it
listens on this machine only.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='trove-standalone',
        description='Run all of Trove in one process: API, task manager, '
        'conductor and guest agents, with SQLite and real PostgreSQL '
        'instances.',
        epilog=_EPILOG,
    )
    parser.add_argument(
        '--version',
        action='version',
        version=version.banner('trove-standalone'),
    )
    commands = parser.add_subparsers(
        dest='command', required=True, metavar='serve|demo'
    )
    serving = commands.add_parser(
        'serve', help='Run Trove for experiments, until Ctrl-C.'
    )
    serving.add_argument(
        '--state-dir',
        type=pathlib.Path,
        default=systems.default_state_dir(),
        help='Directory for the database of Trove and for the instances '
        '(default: %(default)s).',
    )
    serving.add_argument(
        '--port',
        type=_port,
        default=systems.PORT,
        help='Port of the API; 0 chooses a free one (default: %(default)s).',
    )
    commands.add_parser(
        'demo',
        help='Demonstrate Trove, verify each step, and clean up.',
    )
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError(text)
    return number


def _announce(system: systems.System) -> None:
    tools = pathlib.Path(sys.executable).parent
    openstack = tools / 'openstack'
    name = str(openstack) if openstack.exists() else 'openstack'
    texts.say(f"""\
{READY}: {system.endpoint}
State: {system.state_dir}   Log: {system.state_dir}/log/trove.log
Try in another terminal:

  export OS_AUTH_TYPE=admin_token OS_TOKEN={systems.USER} \
OS_ENDPOINT={system.endpoint}
  {name} database instance create first --flavor 1 --size 1 \
--databases shop --users clerk:secret
  {name} database instance list

Ctrl-C stops it and its instances; their data stay.""")


def serve(
    conf: cfg.ConfigOpts, state_dir: pathlib.Path, port: int
) -> int:
    """Run until a signal ends it."""
    state_dir = state_dir.expanduser().resolve()
    systems.configure(conf, state_dir, port)
    system = systems.System(conf, state_dir, _announce)
    status = service.run(conf, system)
    texts.say('Stopped.')
    return status


def demo(conf: cfg.ConfigOpts) -> int:
    """Run the demonstration; its exit status is 0 only if all held."""
    if _MISSING is not None:
        raise exception.ConfigurationError(
            f'The demonstration requires the Python module {_MISSING}. '
            'Install it with: pip install "trove[standalone]"'
        )
    began = time.monotonic()
    progress = progresses.Progress(len(demos.STEPS))
    state_dir = pathlib.Path(tempfile.mkdtemp(prefix='trove-demo-'))
    try:
        # The databases of a root-owned Trove run as another user.
        state_dir.chmod(0o755)
        state_dir = state_dir.resolve()
        systems.configure(conf, state_dir, 0, demos.OPTIONS)
        system = systems.System(conf, state_dir)
        demos.Demo(system, progress).run()
    except progresses.CheckFailed as error:
        progress.note(f'FAILED: {error}')
        _show_log(state_dir)
        return 1
    finally:
        shutil.rmtree(state_dir, ignore_errors=True)
    progress.say(
        f'All {len(demos.STEPS)} steps passed in '
        f'{time.monotonic() - began:.0f} s; nothing is left running, and '
        f'{state_dir} is removed.'
    )
    return 0


def _show_log(state_dir: pathlib.Path, lines: int = 30) -> None:
    """Show the end of the log, which is about to be removed."""
    try:
        text = (state_dir / 'log' / 'trove.log').read_text()
    except OSError:
        return
    texts.say('End of the log:', file=sys.stderr)
    for line in text.splitlines()[-lines:]:
        texts.say(f'  {line}', file=sys.stderr)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(
    argv: Sequence[str] | None = None, conf: cfg.ConfigOpts = cfg.CONF
) -> int:
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == 'serve':
            return serve(conf, arguments.state_dir, arguments.port)
        signal.signal(signal.SIGTERM, _interrupt)
        return demo(conf)
    except exception.TroveError as error:
        texts.say(f'trove-standalone: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        texts.say('Interrupted; stopped everything.', file=sys.stderr)
        return 130


if __name__ == '__main__':
    sys.exit(main())
