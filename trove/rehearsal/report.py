# SPDX-License-Identifier: Apache-2.0
"""The report as a document: JSON, and the source of other formats."""

from __future__ import annotations

from collections.abc import Iterable
import dataclasses
from typing import Any

from trove.rehearsal import order as orders
from trove.rehearsal import roles
from trove.rehearsal import run as runs
from trove.rehearsal import steps as plans

FORMAT = 'trove-rehearsal-report/1'

_OUTCOMES = ('refused', 'rejected', 'left out')


def document(
    plan: plans.Plan, *, release: str, result: runs.Result | None
) -> dict[str, Any]:
    """Say all of it in lists, dictionaries, texts and numbers.

    :param release: of what the target is called
    :param result: of the rehearsal, if there was one
    """
    return {
        'format': FORMAT,
        'target': {
            'name': release,
            'revisions': {n: str(r) for n, r in plan.target.items()},
        },
        'deployment': {
            'services': sum(
                not each.is_guests for each in plan.inventory.members
            ),
            'guests': plan.inventory.guests,
            'pins': dict(plan.inventory.pins),
            'encrypted': plan.inventory.encrypted,
            'notes': list(plan.inventory.notes),
        },
        'cost': _cost(plan.cost),
        'cost_of_the_guide': _cost(plan.guided),
        'now': _grouped(plan.now),
        'steps': [
            _step(number, step) for number, step in enumerate(plan.steps, 1)
        ],
        'run': None if result is None else _result(result),
        'clean': plan.clean,
        'passed': result is None or result.passed,
    }


def _cost(cost: orders.Cost) -> dict[str, int]:
    return dict(cost._asdict())


def _step(number: int, step: plans.Step) -> dict[str, Any]:
    member = step.member
    return {
        'number': number,
        'name': member.name,
        'kind': member.part.kind,
        'instances': member.count if member.is_guests else 0,
        'from': _revisions(member.part),
        'to': _revisions(step.part),
        'findings': _grouped(step.findings),
        'under_way': _grouped(step.under_way),
        'counts': {name: _count(step.findings, name) for name in _OUTCOMES},
        'rollback': {
            'possible': step.rollback,
            'pins': dict(step.pins),
            'how': _how(step),
        },
    }


def _count(found: Iterable[plans.Finding], outcome: str) -> int:
    """How many different things have that outcome, for anybody."""
    return len(
        {(f.interface, f.what) for f in found if f.outcome == outcome}
    )


def _how(step: plans.Step) -> str:
    name = roles.SERVES.get(step.member.part.kind, '')
    if step.rollback == 'yes':
        return 'Start the previous version. Nothing is lost.'
    if step.rollback == 'recorded':
        return (
            'Start the previous version. It records messages that it does not '
            'support; when all peers have detected its version, replay them '
            'with "trove-rpc rejected replay --all".'
        )
    return (
        f'Set [upgrade_levels] {name} = {step.pins[name]} for the control '
        'plane, send SIGHUP, and wait for three times refresh_interval. Then '
        'start the previous version, which would otherwise lose messages that '
        'it does not support.'
    )


def _revisions(part: roles.Part) -> dict[str, str]:
    return {name: str(revision) for name, revision in part.revisions.items()}


def _grouped(found: Iterable[plans.Finding]) -> list[dict[str, Any]]:
    """What has the same outcome for the same ones, together."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for each in found:
        key = (
            each.outcome,
            each.sender,
            each.interface,
            each.receiver,
            each.concerns,
            each.before,
        )
        group = groups.setdefault(
            key,
            {
                'outcome': each.outcome,
                'sender': each.sender,
                'interface': each.interface,
                'receiver': each.receiver,
                'concerns': each.concerns,
                'instances': each.instances,
                'before': each.before,
                'what': [],
                'remedy': each.remedy,
                'reasons': {},
            },
        )
        group['what'].append(each.what)
        if each.reason:
            group['reasons'][each.what] = each.reason
    return list(groups.values())


def _result(result: runs.Result) -> dict[str, Any]:
    return {
        'seed': result.settings.seed,
        'plans': result.settings.plans,
        'guests_of_each_revision': result.settings.guests,
        'processes': result.processes,
        'messages': result.messages,
        'seconds': round(result.seconds, 1),
        'methods': {
            name: {'arrived': arrived, 'of': total}
            for name, (arrived, total) in result.methods.items()
        },
        'walked': [dataclasses.asdict(each) for each in result.walked],
        'at_random': [
            {
                **dataclasses.asdict(each),
                'steps': list(each.steps) if each.broken else [],
            }
            for each in result.tried
        ],
        'passed': result.passed,
    }
