# SPDX-License-Identifier: Apache-2.0
"""Shared objects of a process that every request needs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
import threading
import time
from typing import TypeVar

from oslo_config import cfg

from trove import cloud as trove_cloud
from trove import peers
from trove import policies
from trove.api import gate
from trove.cloud import base as cloud_base
from trove.common import exception
from trove.common import rpc
from trove.guestagent import api as guest_api
from trove.objects.guest import heartbeats
from trove.peers import versions
from trove.taskmanager import api as task_api

#: Seconds for which a guest that did not answer is not asked again for
#: something that an answer can do without.
SILENCE = 60.0

#: Such questions at the same time.
_QUESTIONS = 4

T = TypeVar('T')

#: Stands for all guests: the message broker does not answer.
EVERYBODY = ''


class Runtime:
    """Holds options, rules, cloud and clients; opens nothing by itself.

    :param conf: the options
    :param transport: for the messages; made from ``conf`` by default, and
        closed with this only then
    :param cloud: the cloud driver; loaded as ``conf`` says by default
    :raises ConfigurationError: an option has a value that cannot be
    """

    def __init__(
        self,
        conf: cfg.ConfigOpts,
        transport: rpc.Transport | None = None,
        cloud: cloud_base.Cloud | None = None,
    ) -> None:
        self.conf = conf
        # A pin that is wrong shows now, not at the first message.
        versions.check_pins(conf)
        self.enforcer = policies.Enforcer(conf)
        self.cloud = cloud or trove_cloud.load(conf)
        self._own_transport = transport is None
        self.transport = transport or peers.transport(conf)
        self.gate = gate.Gate(conf.trove_api_threads)
        self._unanswered = gate.Unanswered()
        self._questions: futures.ThreadPoolExecutor | None = None
        self._asking = threading.BoundedSemaphore(_QUESTIONS)
        self._silent: dict[str, float] = {}
        self._lock = threading.Lock()

    def taskmanager(self) -> task_api.API:
        return task_api.API(self.transport)

    def guest(
        self, instance_id: str, timeout: float | None = None
    ) -> guest_api.API:
        """Return the client of a guest, with an own timeout if need be."""
        if timeout is None:
            return guest_api.API(self.transport, instance_id)
        return guest_api.API(self.transport, instance_id, timeout=timeout)

    def check_answers(self, instance_id: str) -> None:
        """Return when a guest may be asked, as far as is known.

        :raises ServiceUnavailable: it did not answer a moment ago, and has
            not reported since
        """
        if self._unanswered.is_known(instance_id):
            self._unanswered.check(instance_id, _last_report(instance_id))

    def unanswered(self, instance_id: str) -> None:
        """Remember that a guest did not answer."""
        try:
            said = _last_report(instance_id)
        except exception.ServiceUnavailable:
            return
        self._unanswered.remember(instance_id, said)

    def ask(self, question: Callable[[], T], timeout: float) -> T | None:
        """Ask what an answer can do without, and wait only so long.

        :returns: None when there is no answer in time, or too many ask
        """
        if not self._asking.acquire(blocking=False):
            return None
        with self._lock:
            if self._questions is None:
                self._questions = futures.ThreadPoolExecutor(
                    _QUESTIONS, thread_name_prefix='question'
                )
            asked = self._questions.submit(question)
        asked.add_done_callback(lambda done: self._asking.release())
        try:
            return asked.result(timeout)
        except futures.TimeoutError:
            return None

    def is_silent(self, instance_id: str) -> bool:
        """Return whether a guest, or any, was unreachable recently."""
        now = time.monotonic()
        with self._lock:
            return any(
                self._silent.get(key, 0.0) > now
                for key in (instance_id, EVERYBODY)
            )

    def mark_silent(self, instance_id: str) -> None:
        """Remember that a guest, or :data:`EVERYBODY`, did not answer."""
        with self._lock:
            now = time.monotonic()
            for key in [k for k, v in self._silent.items() if v <= now]:
                del self._silent[key]
            self._silent[instance_id] = now + SILENCE

    def refresh(self) -> None:
        """Look up anew what the peers speak."""
        self.transport.refresh()

    def close(self) -> None:
        """Close what was opened; the next request opens it again."""
        with self._lock:
            questions, self._questions = self._questions, None
        if questions is not None:
            questions.shutdown(wait=False, cancel_futures=True)
        if self._own_transport:
            self.transport.close()


def _last_report(instance_id: str) -> object:
    found = heartbeats.heartbeat(instance_id)
    return found and (found.sent, found.status_updated_at)
