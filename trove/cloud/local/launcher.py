# SPDX-License-Identifier: Apache-2.0
"""Launchers of the guest agent of a local server."""

from __future__ import annotations

import abc
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

from oslo_config import cfg
from oslo_log import log

from trove.cloud.local import files
from trove.cloud.local import home as homes
from trove.cloud.local import processes
from trove.common import exception

LOG = log.getLogger(__name__)

#: Ends in a row, each soon after the start, that make a server ERROR.
CRASHES = 5

#: Seconds after which an agent that runs counts as one that stays up.
STEADY = 60

#: Seconds between an end and the next start, at most.
_MAX_PAUSE = 32

#: What a guest agent gets of our environment. The rest is not its business:
#: a service's holds passwords at times.
_PASSED_ON = ('PATH', 'LANG', 'LANGUAGE', 'TZ', 'LD_LIBRARY_PATH')
_PASSED_ON_PREFIXES = ('LC_', 'PYTHON')

#: The machine's init, so to say: $1 is the directory that it talks through,
#: the rest is the command. An end within a minute counts as a crash, and
#: each one in a row doubles the wait before the next start.
SUPERVISOR = f"""\
run=$1
shift
crashes=0
seconds() {{
    read -r up _ </proc/uptime
    echo "${{up%.*}}"
}}
while [ ! -e "$run/stop" ]; do
    began=$(seconds)
    "$@"
    status=$?
    [ -e "$run/stop" ] && break
    if [ $(($(seconds) - began)) -ge {STEADY} ]; then
        crashes=0
    fi
    crashes=$((crashes + 1))
    echo "$crashes $status $(seconds)" > "$run/crashes"
    pause=$((crashes < 6 ? 1 << (crashes - 1) : {_MAX_PAUSE}))
    echo "supervisor: the guest agent ended with status $status;" \\
        "starting it again in $pause s"
    sleep "$pause"
done
"""


#: Supervisors that this process started, to be reaped by it, whichever of
#: its launchers finds that one has ended.
_children: dict[int, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()


def _reap(pid: int) -> None:
    with _lock:
        child = _children.pop(pid, None)
    if child is not None:
        child.wait()


def _reap_ended() -> None:
    """Reap what ended without anybody being able to tell its process id."""
    with _lock:
        for pid, child in list(_children.items()):
            if child.poll() is not None:
                del _children[pid]


class Launcher(abc.ABC):
    """Starts and stops guest agents; the driver holds the server's lock."""

    @abc.abstractmethod
    def start(self, home: homes.Home) -> None:
        """Start the guest agent, and see to it that it goes on running.

        One that runs is left alone.
        """

    @abc.abstractmethod
    def stop(self, home: homes.Home, timeout: float) -> None:
        """End the guest agent; nothing starts it again.

        The database goes on running.

        :param timeout: seconds that it gets to finish what it does
        """

    @abc.abstractmethod
    def alive(self, home: homes.Home) -> bool:
        """Return whether the guest agent is running or being restarted."""

    def failure(self, home: homes.Home) -> str | None:
        """Return why the guest agent does not stay up, None when it does."""
        return None


class ProcessLauncher(Launcher):
    """A process per guest agent, under a supervisor of its own session.

    Both outlive whoever started them: any task manager that uses the same
    state directory can go on managing them.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._command = guest_command(conf)

    def start(self, home: homes.Home) -> None:
        if self.alive(home):
            return
        # The supervisor may have been killed and not its agent.
        self.stop(home, 0)
        _reap_ended()
        for name in ('stop', 'crashes'):
            (home.run / name).unlink(missing_ok=True)
        command = ['/bin/sh', '-c', SUPERVISOR, 'trove-supervisor']
        command += [str(home.run), *self._command]
        for path in home.config_files():
            command += ['--config-file', str(path)]
        with home.log.open('ab') as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd='/',
                env={**_environment(), processes.MARKER: str(home.root)},
                start_new_session=True,
            )
        with _lock:
            _children[child.pid] = child
        identity = processes.identify(child.pid)
        if identity is None:
            _reap(child.pid)
            raise exception.CloudError(
                action='start the guest agent',
                reason=f'its supervisor exited immediately; see {home.log}',
            )
        files.write(
            home.run / 'supervisor.json',
            json.dumps(dataclasses.asdict(identity)),
        )

    def stop(self, home: homes.Home, timeout: float) -> None:
        (home.run / 'stop').touch()
        supervisor = self._supervisor(home)
        if supervisor is None:
            return
        # The supervisor first: it would only start the agent again.
        processes.send(supervisor, signal.SIGKILL)
        _reap(supervisor.pid)
        processes.end(
            lambda: processes.belonging_to(
                home.root, session=supervisor.pid
            ),
            lambda _: signal.SIGTERM,
            timeout,
        )
        (home.run / 'supervisor.json').unlink(missing_ok=True)

    def alive(self, home: homes.Home) -> bool:
        supervisor = self._supervisor(home)
        if supervisor is None:
            return False
        if processes.alive(supervisor):
            return True
        _reap(supervisor.pid)
        return False

    def failure(self, home: homes.Home) -> str | None:
        path = home.run / 'crashes'
        try:
            crashes, status, last = map(int, path.read_text().split())
        except (FileNotFoundError, ValueError):
            return None
        # The supervisor looks at that only when the next comes, if ever.
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - last
        if crashes < CRASHES or age > _MAX_PAUSE + STEADY:
            return None
        return (
            f'the guest agent exited {crashes} times in a row, last with '
            f'status {status}; see {home.log}, or {home.kept_log} after the '
            'server is deleted'
        )

    def _supervisor(self, home: homes.Home) -> processes.Identity | None:
        try:
            text = (home.run / 'supervisor.json').read_text()
            return processes.Identity(**json.loads(text))
        except (FileNotFoundError, ValueError, TypeError):
            return None


def _environment() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }


def guest_command(conf: cfg.ConfigOpts) -> list[str]:
    """Return the command of a guest agent, without its files."""
    if conf.cloud_local.guest_command:
        return list(conf.cloud_local.guest_command)
    script = pathlib.Path(sys.executable).with_name('trove-guestagent')
    if script.exists():
        return [str(script)]
    return [sys.executable, '-m', 'trove.cmd.guestagent']
