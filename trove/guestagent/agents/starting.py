# SPDX-License-Identifier: Apache-2.0
"""Becomes the chosen agent, and watches one that is on trial.

It runs in the program of the image before anything heavy is imported. The
watchdog is a process of its own, so that it works whatever the new agent does.
Neither knows the database server, which goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
import json
import logging
import os
import pathlib
import select
import signal
import sys
import time
from typing import Final

from oslo_config import cfg

from trove.guestagent.agents import choice as choices

LOG = logging.getLogger(__name__)

#: In the environment of the chosen agent: the path of modules of the image.
BASE: Final = 'TROVE_GUESTAGENT_BASE'

_MODULE: Final = 'trove.cmd.guestagent'

#: Seconds between two looks of a watchdog.
_INTERVAL: Final = 0.5


def begin(conf: cfg.ConfigOpts, argv: Sequence[str]) -> None:
    """Become the chosen agent; return to go on as that of the image."""
    if BASE in os.environ:
        return
    kept = choices.Choices(pathlib.Path(conf.guestagent.state_dir))
    if not kept.directory.is_dir():
        return
    try:
        chosen = _start(kept)
    except OSError as error:
        LOG.error(
            'Starting the agent of the image, for %s cannot be used: %s',
            kept.directory,
            error,
        )
        return
    if chosen.current == choices.IMAGE:
        return
    python = os.fspath(kept.python(chosen.current))
    try:
        os.execve(
            python,
            [python, '-P', '-m', _MODULE, *argv],
            {**clean(), BASE: json.dumps([sys.executable, *sys.path])},
        )
    except OSError as error:
        LOG.error(
            'Starting the agent of the image instead of the installed one: '
            '%s. Install it again with "trove-rpc guests upgrade".',
            error,
        )
        with kept.changing() as now:
            if now.trial is not None:
                kept.save(now.taken_back(f'{python}: {error.strerror}'))


def clean() -> dict[str, str]:
    """Return the environment without what adds modules before its own."""
    dropped = ('PYTHONPATH', 'PYTHONHOME')
    return {k: v for k, v in os.environ.items() if k not in dropped}


def base() -> list[str]:
    """Return the interpreter of the image and its path of modules."""
    given = os.environ.get(BASE)
    if given is None:
        return [sys.executable, *sys.path]
    return [str(each) for each in json.loads(given)]


def _start(kept: choices.Choices) -> choices.Choice:
    """Count the start; begin to watch an agent on trial."""
    with kept.changing() as before:
        chosen = before.started()
        if chosen.trial is None:
            if chosen != before:
                kept.save(chosen)
            return chosen
        kept.save(chosen)
    agent = os.getpid()
    if os.fork() == 0:
        status = 1
        try:
            watch(kept, chosen, agent)
            status = 0
        finally:
            os._exit(status)
    return chosen


def watch(
    kept: choices.Choices, chosen: choices.Choice, agent: int
) -> None:
    """Take an agent back that is not confirmed in time, and end it.

    Whatever restarts agents then starts the one before.

    :param agent: the id of its process
    """
    assert chosen.trial is not None
    try:
        process = os.pidfd_open(agent)
    except ProcessLookupError:
        return
    ended = select.poll()
    ended.register(process, select.POLLIN)
    deadline = time.monotonic() + chosen.trial.seconds
    while time.monotonic() < deadline:
        if ended.poll(_INTERVAL * 1000):
            # The next start counts that.
            return
        if not _same(kept.load(), chosen):
            return
    with kept.changing() as now:
        if not _same(now, chosen):
            return
        kept.save(
            now.taken_back(
                'it did not report to a conductor with the database as it '
                f'was within {chosen.trial.seconds} seconds. See the log of '
                'the guest agent for the cause'
            )
        )
    # Not a request: it may hang. The database server is not its child alone.
    signal.pidfd_send_signal(process, signal.SIGKILL)


def _same(now: choices.Choice, chosen: choices.Choice) -> bool:
    return now.trial is not None and now.current == chosen.current
