# SPDX-License-Identifier: Apache-2.0
"""What the guest has received sealed, and requires from then on.

It is kept in a file of ``state_dir``. What an operator allows comes with an
answer of the conductors that is sealed itself; the decisions are those of
:mod:`trove.common.belief`.
"""

from __future__ import annotations

from collections.abc import Callable
import logging
import pathlib
import threading
import time
from typing import Any
from typing import Final

from trove.common import belief
from trove.guestagent.datastores import files

LOG = logging.getLogger(__name__)

FILE: Final = 'rpc_sealing.json'

#: How long after the first sealed message the released form is still
#: accepted, in units of ``refresh_interval``: until then not all senders have
#: noticed that this guest knows seals.
GRACE: Final = 6


class Sealing:
    """Which peers of the guest are known to seal.

    Thread-safe.

    :param key_id: of the first key of the guest; evidence with another one
        is ignored
    :param interval: returns ``refresh_interval``
    """

    def __init__(
        self,
        state_dir: pathlib.Path,
        key_id: str,
        interval: Callable[[], float],
    ) -> None:
        self._file = state_dir / FILE
        self._key_id = key_id
        self._interval = interval
        self._lock = threading.Lock()
        self._senders = belief.Belief()
        self._conductors = belief.Belief()
        #: By both clocks, since the wall clock may be set back.
        self._until = 0.0
        self._since = time.monotonic()
        self._load()

    def released_allowed(self, conductors: bool) -> bool:
        """Return whether the released form may be sent, or is accepted."""
        if conductors:
            return self._conductors.released
        if self._senders.released:
            return True
        grace = GRACE * self._interval()
        return time.time() < self._until and (
            time.monotonic() - self._since < grace
        )

    def received(self) -> None:
        """Record that a sealed message was received."""
        if self._senders.proven:
            return
        with self._lock:
            self._senders = self._learnt(self._senders, 'sealed')
            self._since = time.monotonic()
            self._until = time.time() + GRACE * self._interval()
            self._save()

    def answered(self, seals: bool, held: bool) -> None:
        """Record a sealed answer of the conductors.

        :param seals: all of them know seals
        :param held: an operator allows the released form
        """
        word: belief.Evidence = 'hold' if held else 'forbid'
        with self._lock:
            conductors = belief.learn(
                self._learnt(self._conductors, word), 'sealed', seals=seals
            )
            senders = self._learnt(self._senders, word)
            before = self._conductors, self._senders
            if (conductors, senders) == before:
                return
            self._conductors, self._senders = conductors, senders
            self._save()
        if held != before[1].held:
            LOG.warning(
                'An operator %s messages in the form of released Trove, '
                'whose sender is not authenticated, to and from this guest.',
                'allows' if held else 'no longer allows',
            )

    def _learnt(
        self, before: belief.Belief, evidence: belief.Evidence
    ) -> belief.Belief:
        return belief.learn(before, evidence, seals=True)

    def _load(self) -> None:
        try:
            values = files.read_json(self._file)
            if not values or values['first'] != self._key_id:
                return
            self._senders = _read(values['senders'])
            self._conductors = _read(values['conductors'])
            self._until = float(values['until'])
        except (OSError, ValueError, KeyError, TypeError) as error:
            # Without evidence the stricter form is required.
            self._senders = self._conductors = belief.Belief(proven=True)
            LOG.error(
                'Could not read %s (%s). Messages in the form of released '
                'Trove are neither sent nor accepted. If the control plane '
                'is of a release, remove the file and restart the agent.',
                self._file,
                type(error).__name__,
            )

    def _save(self) -> None:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            files.write_json(
                self._file,
                {
                    'first': self._key_id,
                    'senders': _written(self._senders),
                    'conductors': _written(self._conductors),
                    'until': self._until,
                },
            )
        except OSError as error:
            LOG.error(
                'Could not write %s: %s. Free space for it: after a restart '
                'the agent would accept messages in the form of released '
                'Trove again.',
                self._file,
                error,
            )


def _written(what: belief.Belief) -> dict[str, bool]:
    return {'proven': what.proven, 'held': what.held}


def _read(values: dict[str, Any]) -> belief.Belief:
    proven, held = values['proven'], values['held']
    if not isinstance(proven, bool) or not isinstance(held, bool):
        raise TypeError
    return belief.Belief(None, proven, held, held)
