# SPDX-License-Identifier: Apache-2.0
"""Encrypts the secrets in the database again, with the current key.

Each instance, workflow and message is a transaction of its own, and those that
are done are skipped. So it can be interrupted and repeated, also while
services run, which read both keys.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import json
import types
from typing import Any
from typing import Literal

from oslo_config import cfg
import sqlalchemy as sa

from trove.common import crypto
from trove.common import exception
from trove.db import models
from trove.db import session
from trove.objects import _rows
from trove.objects.keys import database_key
from trove.objects.keys import workflow_secrets
from trove.objects.rejected import recording

#: Number of ids per query.
_PAGE = 500

# 'before': it was encrypted with the current key already.
_Result = Literal['done', 'before', 'unreadable']


@dataclasses.dataclass
class Progress:
    """The results for instances, workflows and messages so far.

    :ivar done: number that were encrypted again
    :ivar before: number that had the current key already
    :ivar unreadable: those that no key decrypts, such as ``instance ID``
    """

    done: int = 0
    before: int = 0
    unreadable: list[str] = dataclasses.field(default_factory=list)

    @property
    def count(self) -> int:
        return self.done + self.before + len(self.unreadable)


def run(conf: cfg.ConfigOpts) -> Iterator[Progress]:
    """Encrypt all secrets again; yield after each instance and message.

    :returns: yields one object, which changes
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises ServiceUnavailable: the database does not work; repeat the run
    """
    database_key.current(conf)
    progress = Progress()
    for kind, column, renew in (
        ('instance', models.Instance.id, _renew_instance),
        ('workflow of instance', models.Workflow.instance_id, _renew_work),
        ('rejected message', models.RejectedMessage.id, _renew_message),
    ):
        for key in _ids(column):
            result = renew(conf, key)
            if result == 'done':
                progress.done += 1
            elif result == 'before':
                progress.before += 1
            elif result == 'unreadable':
                progress.unreadable.append(f'{kind} {key}')
            yield progress


def _ids(column: Any) -> Iterator[str]:
    after = ''
    while True:
        query = (
            sa.select(column)
            .where(column > after)
            .order_by(column)
            .limit(_PAGE)
        )
        with session.reader() as db:
            found = list(db.scalars(query))
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1]


@session.retry
def _renew_instance(conf: cfg.ConfigOpts, instance_id: str) -> _Result | None:
    """Encrypt the keys of an instance again; None when it has none."""
    with session.writer() as db:
        # Also deleted ones: released Trove keeps their keys.
        row = db.scalar(
            sa.select(models.Instance)
            .where(models.Instance.id == instance_id)
            .with_for_update()
        )
        kept = db.get(models.InstanceKeys, instance_id)
        results = [
            _renew(
                conf, of, name, database_key.with_key, crypto.encrypt_released
            )
            for of, name in (
                (row, 'encrypted_key'),
                (kept, 'next_key'),
                (kept, 'previous_key'),
            )
            if of is not None and getattr(of, name)
        ]
    return _worst(results)


@session.retry
def _renew_work(conf: cfg.ConfigOpts, instance_id: str) -> _Result | None:
    """Encrypt the secrets of a workflow again; None when it has none."""
    with session.writer() as db:
        row = db.get(models.Workflow, instance_id, with_for_update=True)
        if row is None:
            return None
        return _renew_details(conf, row, 'details', instance_id)


@session.retry
def _renew_message(conf: cfg.ConfigOpts, key: str) -> _Result | None:
    """Encrypt a rejected message again; None when it is not encrypted."""
    with session.writer() as db:
        row = db.get(models.RejectedMessage, key, with_for_update=True)
        if row is None:
            return None
        results = []
        if recording.is_encrypted(row.sealed):
            bound = recording.PURPOSE, key.encode()
            results.append(
                _renew(
                    conf,
                    row,
                    'sealed',
                    lambda text, by: crypto.unseal(text, by, *bound),
                    lambda text, by: crypto.seal(text, by, *bound),
                )
            )
        # Its task has the secrets of its workflow.
        task = _renew_details(conf, row, 'task', row.instance_id or '')
        if task is not None:
            results.append(task)
    return _worst(results)


def _renew_details(
    conf: cfg.ConfigOpts, row: Any, name: str, instance_id: str
) -> _Result | None:
    """Encrypt the secrets in the JSON of a column again.

    :param row: a row, or an object with the attribute ``name``
    :returns: None when there are none
    """
    said = _rows.decode(getattr(row, name), f'Column {name}') or {}
    results = []
    details = said.get('details')
    if isinstance(details, dict) and details.get('sealed'):
        bound = workflow_secrets.PURPOSE, instance_id.encode()
        sealed = types.SimpleNamespace(text=details['sealed'])
        results.append(
            _renew(
                conf,
                sealed,
                'text',
                lambda text, by: crypto.unseal(text, by, *bound),
                lambda text, by: crypto.seal(text, by, *bound),
            )
        )
        details['sealed'] = sealed.text
    # The workflow that it superseded has the same form.
    replaced = (said.get('before') or {}).get('workflow')
    if replaced:
        held = types.SimpleNamespace(**replaced)
        found = _renew_details(conf, held, 'details', instance_id)
        replaced['details'] = held.details
        results += [found] if found else []
    if 'done' in results:
        setattr(row, name, json.dumps(said))
    return _worst(results)


def _renew(
    conf: cfg.ConfigOpts,
    row: Any,
    name: str,
    decrypt: Callable[[str, str], str],
    encrypt: Callable[[str, str], str],
) -> _Result:
    """Encrypt a column again.

    :param decrypt: called with text and key; raises SealError
    :param encrypt: called with text and key
    """
    encrypted: str = getattr(row, name)
    now = database_key.current(conf)
    for key in (now, *conf.inst_rpc_key_encr_key_further):
        try:
            text = decrypt(encrypted, key)
        except exception.SealError:
            continue
        if key == now:
            return 'before'
        setattr(row, name, encrypt(text, now))
        return 'done'
    return 'unreadable'


def _worst(results: list[_Result]) -> _Result | None:
    for result in ('unreadable', 'done', 'before'):
        if result in results:
            return result
    return None
