# SPDX-License-Identifier: Apache-2.0
"""Requests that come in all the time, and whether the answers are right."""

from __future__ import annotations

import collections
from collections.abc import Callable
import threading
import time
from typing import Any

from keystoneauth1 import exceptions as keystone_errors
import scenario
from scenario import say
from troveclient import exceptions as trove_errors
from troveclient.v1 import client

ERRORS = (trove_errors.ClientException, keystone_errors.ClientException)
_IDLE = ('ACTIVE', 'HEALTHY')
#: Longest time for an order to a guest agent.
_PATIENCE = 120


class Visitor(threading.Thread):
    """A customer, who looks at everything and works with one instance.

    ``wrong`` are answers that are errors or not true. A single API refuses
    connections while it is restarted, which is counted only; and one of 26.0
    breaks the request that it is stopped in, ``breaks`` times in all.
    """

    def __init__(self, trove: client.Client) -> None:
        super().__init__(daemon=True)
        self._trove = trove
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._known: dict[str, Any] = {}
        self._changing: set[str] = set()
        self._backups: set[str] = set()
        self._target = ''
        self._deadline = 0.0
        self._rounds = 0
        self.breaks = 0
        self.answers: collections.Counter[str] = collections.Counter()
        self.wrong: collections.Counter[str] = collections.Counter()

    # Told by whoever changes something

    def changes(self, instance: Any) -> None:
        """It is about to be made or deleted: it may be listed or not."""
        self._changing.add(instance.name)
        with self._lock:
            if self._target and self._known[self._target] is instance:
                self._target = ''
        self._known = {
            key: each for key, each in self._known.items() if each != instance
        }

    def meet(self, instance: Any) -> None:
        """From now on it has to be listed, and shown as it is."""
        self._known = {**self._known, instance.id: instance}
        self._changing.discard(instance.name)

    def left(self, instance: Any) -> None:
        """It must not be listed any more."""
        self._changing.discard(instance.name)

    def expect(self, *backups: Any) -> None:
        """These have to be listed."""
        self._backups = {each.id for each in backups}

    def work_with(self, instance: Any) -> None:
        """Make databases in it and restart it, again and again."""
        with self._lock:
            self._target = instance.id
            self._deadline = 0.0

    def finish(self) -> None:
        if not self.is_alive():
            raise SystemExit('requests have ended by themselves; see above')
        self._end.set()
        self.join()
        say(f'requests: {dict(self.answers)}')
        if self.wrong:
            raise SystemExit(
                '\n'.join(
                    f'{count} times: {text}'
                    for text, count in self.wrong.items()
                )
            )

    # What it does

    def run(self) -> None:
        while not self._end.wait(0.3):
            self._rounds += 1
            for visit in (
                *(self._list_instances, self._show_instances),
                *(self._list_backups, self._list_datastores, self._work),
            ):
                self._ask(visit)

    def _ask(self, visit: Callable[[], None]) -> None:
        try:
            visit()
        except keystone_errors.ConnectFailure as error:
            if 'refused' in str(error):
                self.answers['refused connections'] += 1
            elif self.answers['broken connections'] < self.breaks:
                self.answers['broken connections'] += 1
            else:
                self._blame(f'{visit.__name__}: {error}')
        except ERRORS as error:
            self._blame(f'{visit.__name__}: {type(error).__name__}: {error}')
        else:
            self.answers['answered'] += 1

    def _blame(self, text: str) -> None:
        if text not in self.wrong:
            say(f'WRONG: {text}')
        self.wrong[text] += 1

    def _list_instances(self) -> None:
        known, changing = self._known, set(self._changing)
        found = {each.id: each.name for each in self._trove.instances.list()}
        must = known.keys() & self._known.keys()
        if missing := must - found.keys():
            self._blame(f'not listed: {missing}')
        changing |= self._changing
        changing |= {each.name for each in (known | self._known).values()}
        if surplus := set(found.values()) - changing:
            self._blame(f'listed, but not there: {surplus}')

    def _show_instances(self) -> None:
        for each in list(self._known.values()):
            try:
                shown = self._trove.instances.get(each.id)
            except trove_errors.NotFound:
                if each.id in self._known:
                    raise
                continue
            self._compare(each, shown)

    def _compare(self, instance: Any, shown: Any) -> None:
        found = {
            'name': shown.name,
            'datastore': shown.datastore['type'],
            'addresses': {each['address'] for each in shown.addresses},
        }
        expected = {
            'name': instance.name,
            'datastore': instance.datastore,
            'addresses': instance.addresses,
        }
        if found != expected:
            self._blame(f'{instance.name} is {found}, not {expected}')
        if shown.status in ('ERROR', 'FAILED'):
            self._blame(f'{instance.name} is {shown.status}')

    def _list_backups(self) -> None:
        before = set(self._backups)
        found = {each.id for each in self._trove.backups.list()}
        if missing := (before & self._backups) - found:
            self._blame(f'backups not listed: {missing}')

    def _list_datastores(self) -> None:
        found = {each.name for each in self._trove.datastores.list()}
        if not found >= {'mariadb', 'postgresql'}:
            self._blame(f'datastores are {found}')

    def _work(self) -> None:
        with self._lock:
            if not self._target:
                return
            status = self._trove.instances.get(self._target).status
            if status not in _IDLE:
                if self._deadline and time.monotonic() > self._deadline:
                    self._blame(f'restarted long ago, and still {status}')
                return
            self._deadline = 0.0
            self._use_databases(self._target)
            if self._rounds % 20 == 0:
                self._trove.instances.restart(self._target)
                self._deadline = time.monotonic() + scenario.TIMEOUT
                self.answers['restarts'] += 1

    def _use_databases(self, instance: str) -> None:
        databases = self._trove.databases
        name = f'made_{self._rounds}'
        databases.create(instance, [{'name': name}])
        self._await_database(instance, name, True)
        databases.delete(instance, name)
        self._await_database(instance, name, False)
        self.answers['databases'] += 1

    def _await_database(self, instance: str, name: str, there: bool) -> None:
        """The guest agent is told, which is answered before it has obeyed."""
        deadline = time.monotonic() + _PATIENCE
        listed = not there
        while listed is not there:
            if time.monotonic() > deadline:
                self._blame(f'database {name} is there: {listed}')
                return
            found = self._trove.databases.list(instance)
            listed = name in {each.name for each in found}
