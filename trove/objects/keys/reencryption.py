# SPDX-License-Identifier: Apache-2.0
"""Encrypts the secrets in the database anew, with the key of now.

An instance, a workflow or a message is one transaction, and what is done
already is passed over: so it can be broken off at any point, and done while
services run which read what is encrypted with either key.
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

#: How many identifiers a query reads.
_PAGE = 500

_Result = Literal['done', 'before', 'unreadable']


@dataclasses.dataclass
class Progress:
    """What has become of instances, workflows and messages so far.

    :ivar done: how many were encrypted anew
    :ivar before: how many were so already
    :ivar unreadable: those that no key opens, as ``instance ID``
    """

    done: int = 0
    before: int = 0
    unreadable: list[str] = dataclasses.field(default_factory=list)

    @property
    def count(self) -> int:
        return self.done + self.before + len(self.unreadable)


def run(conf: cfg.ConfigOpts) -> Iterator[Progress]:
    """Encrypt everything anew; tell after each instance and message.

    :returns: always the same object, as it is then
    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    :raises ServiceUnavailable: the database does not work; do it again
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
    """Encrypt the keys of an instance anew; None when it has none."""
    with session.writer() as db:
        # Deleted ones too: releases leave them their keys.
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
    """Encrypt what a workflow needs anew; None when nothing of it is."""
    with session.writer() as db:
        row = db.get(models.Workflow, instance_id, with_for_update=True)
        if row is None:
            return None
        return _renew_details(conf, row, 'details', instance_id)


@session.retry
def _renew_message(conf: cfg.ConfigOpts, key: str) -> _Result | None:
    """Encrypt a rejected message anew; None when nothing of it is."""
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
        # With it is kept what its workflow needs.
        task = _renew_details(conf, row, 'task', row.instance_id or '')
        if task is not None:
            results.append(task)
    return _worst(results)


def _renew_details(
    conf: cfg.ConfigOpts, row: Any, name: str, instance_id: str
) -> _Result | None:
    """Encrypt anew what is sealed in the JSON of a column.

    :param row: an attribute of it has the JSON
    :returns: None when nothing is
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
    # What it has taken the place of, in the same form.
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
    """Encrypt a column anew.

    :param decrypt: of a text and a key; raises SealError
    :param encrypt: of a text and a key
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
