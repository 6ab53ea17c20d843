# SPDX-License-Identifier: Apache-2.0
"""A report as text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Iterator
import textwrap
from typing import Any

import prettytable

from trove.rehearsal import roles

_WIDTH = 79
_NUMBERS = ('number', 'instances', 'refused', 'left_out')
_COLUMNS = {
    'number': '#',
    'name': 'Who',
    'from': 'From',
    'to': 'To',
    'instances': 'Guests',
    'refused': 'Refused',
    'left_out': 'Left Out',
    'rollback': 'Back',
}


def render(report: dict[str, Any]) -> str:
    """Write a document of ``report.py`` for people."""
    return '\n'.join(_lines(report)) + '\n'


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield from _head(report)
    if not report['steps']:
        yield 'Nothing to do: all peers have reached the target.'
    else:
        yield _table(report)
        for step in report['steps']:
            yield from _step(step)
        yield ''
        yield from _order(report)
    if report['run'] is not None:
        yield ''
        yield from _run(report['run'])


def _head(report: dict[str, Any]) -> Iterator[str]:
    target = report['target']
    deployment = report['deployment']
    revisions = ', '.join(f'{n} {r}' for n, r in target['revisions'].items())
    yield f'To {target["name"]}: {revisions}'
    yield (
        f'{deployment["services"]} services and {deployment["guests"]} '
        'guest agents'
    )
    for interface, pin in deployment['pins'].items():
        yield f'Pinned: [upgrade_levels] {interface} = {pin}'
    for note in deployment['notes']:
        yield from _wrapped(f'Note: {note}', '  ')
    yield ''


def rows(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the rows of the table of all steps."""
    refused, left_out = _counts(report['now'])
    yield {
        **dict.fromkeys(('number', 'from', 'to', 'instances'), ''),
        'name': 'as it is now',
        'refused': refused,
        'left_out': left_out,
        'rollback': '',
    }
    for step in report['steps']:
        refused, left_out = _counts(step['findings'])
        yield {
            'number': step['number'],
            'name': step['name'],
            'from': _speaks(step, 'from'),
            'to': _speaks(step, 'to'),
            'instances': step['instances'] or '',
            'refused': refused,
            'left_out': left_out,
            'rollback': step['rollback']['possible'],
        }


def _table(report: dict[str, Any]) -> str:
    table = prettytable.PrettyTable(list(_COLUMNS.values()))
    for key, title in _COLUMNS.items():
        table.align[title] = 'r' if key in _NUMBERS else 'l'
    for row in rows(report):
        table.add_row([row[key] for key in _COLUMNS])
    return str(table.get_string())


def _counts(findings: list[dict[str, Any]]) -> tuple[int, int]:
    """How many messages do not come, or not in full, to anybody."""
    kinds: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for each in findings:
        partly = each['outcome'] == 'left out'
        kinds[partly].update((each['interface'], w) for w in each['what'])
    return len(kinds[False]), len(kinds[True])


def _speaks(step: dict[str, Any], key: str) -> str:
    served = roles.SERVES.get(step['kind'])
    revisions = step[key]
    if served is not None:
        return str(revisions[served])
    return ' '.join(str(each) for each in revisions.values())


def _step(step: dict[str, Any]) -> Iterator[str]:
    rollback = step['rollback']
    quiet = not step['findings'] and not step['under_way']
    if quiet and rollback['possible'] == 'yes':
        return
    yield ''
    yield f'Step {step["number"]}: {step["name"]}'
    yield from _findings(step['findings'])
    yield from _findings(step['under_way'], ' while it is restarted')
    if rollback['possible'] != 'yes':
        yield from _wrapped(f'Back: {rollback["how"]}', '    ', '  ')


def _findings(
    found: list[dict[str, Any]], when: str = ''
) -> Iterator[str]:
    """One paragraph for all to whom the same happens."""
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in found:
        key = each['outcome'], each['before'], tuple(sorted(each['what']))
        alike.setdefault(key, []).append(each)
    for (outcome, before, what), those in alike.items():
        senders = dict.fromkeys(
            each['concerns'] if each['sender'] == 'guest' else each['sender']
            for each in those
        )
        receivers = dict.fromkeys(each['receiver'] for each in those)
        counts = {each['concerns']: each['instances'] for each in those}
        number = sum(counts.values())
        about = '1 guest' if number == 1 else f'{number} guests'
        if outcome != 'left out' and before:
            about += ', worked before'
        yield from _wrapped(
            f'{outcome}{when}: {", ".join(senders)} to '
            f'{", ".join(receivers)} ({about}): {", ".join(what)}',
            '    ',
            '  ',
        )


def _order(report: dict[str, Any]) -> Iterator[str]:
    cost, guide = report['cost'], report['cost_of_the_guide']
    yield from _wrapped(
        f'In this order: {_priced(cost)}. In the order of the guide: '
        f'{_priced(guide)}. Each message from one kind of process to another '
        'counts once per guest and step.',
        '',
    )


def _priced(cost: dict[str, int]) -> str:
    return (
        f'{cost["refused"]} refused, of which {cost["lost"]} worked before, '
        f'{cost["left_out"]} left out'
    )


def _run(run: dict[str, Any]) -> Iterator[str]:
    methods = ', '.join(
        f'{name} {each["arrived"]} of {each["of"]}'
        for name, each in run['methods'].items()
    )
    yield from _wrapped(
        f'Rehearsed with {run["processes"]} processes and {run["messages"]} '
        f'messages. Methods received: {methods}.',
        '',
    )
    for each in run['walked']:
        if each['differs']:
            yield f'At "{each["title"]}", different from the prediction:'
            for line in each['differs']:
                yield from _wrapped(line, '    ', '  ')
    for each in run['at_random']:
        if each['broken']:
            yield from _broken(each)
    good = 'All as predicted' if run['passed'] else 'FAILED'
    yield from _wrapped(
        f'{good}, step by step and in {run["plans"]} random orders with '
        f'crashes and rollbacks. To repeat it: --run --seed {run["seed"]} '
        f'--plans {run["plans"]}',
        '',
    )
    yield f'It took {run["seconds"]} s.'


def _broken(each: dict[str, Any]) -> Iterator[str]:
    yield from _wrapped(
        f'In random order {each["number"]}: {each["broken"]}', '  '
    )
    for number, step in enumerate(each['steps'], 1):
        yield from _wrapped(f'{number:3}. {step}', '       ', '  ')


def _wrapped(text: str, more: str, first: str = '') -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=more,
        break_long_words=False,
        break_on_hyphens=False,
    )
