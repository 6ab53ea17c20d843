# SPDX-License-Identifier: Apache-2.0
"""What ``rpc-contract`` finds in the releases of several projects.

::

    python -m benchmarks.contract_releases                # all of them
    python -m benchmarks.contract_releases trove nova
    python -m benchmarks.contract_releases --wheels DIR   # keeps them there
    python -m benchmarks.contract_releases trove --write FILE

The last writes a table for the docs. Every two successive releases are
compared, from their wheels, which pip fetches by name. Nothing of them is
installed or run. Then each raise of a version is undone, to see what would
have been found without it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import inspect
import itertools
import pathlib
import subprocess
import sys
import tempfile
import time

from benchmarks import _report
from benchmarks._releases import Project
from benchmarks._releases import PROJECTS
from rpc_contract import checks
from rpc_contract import compare
from rpc_contract import completeness
from rpc_contract import cross
from rpc_contract import findings
from rpc_contract import projects
from rpc_contract import reading
from rpc_contract import sources

#: Suppressions of nobody expire on that day.
_TODAY = datetime.date(2027, 1, 1)
#: A whole check of Nova may take so long, in seconds. A check has one thread,
#: so that this is the time on a machine with nothing else to do.
_MOST_SECONDS = 20.0
#: Rules of what was not read, and is not known to be so.
_MISSED = ('nothing-read', 'partly-read')


@dataclasses.dataclass
class Outcome:
    """What was found between two releases.

    :param between: against the older release
    :param within: in the newer one alone, and not in the one before it
    :param seconds: of the processor, for the check against the older one
    :param undone: what is found if the versions had not been raised, by
        interface; empty where none was
    """

    project: Project
    older: str
    newer: str
    between: list[findings.Finding]
    within: list[findings.Finding]
    versions: dict[str, str]
    seconds: float
    undone: dict[str, list[findings.Finding]]


def fetch(project: Project, version: str, where: pathlib.Path) -> pathlib.Path:
    """Return the wheel of a release, fetched if it is not there yet."""
    pattern = f'{project.file}-{version}-*.whl'
    if not list(where.glob(pattern)):
        command = [sys.executable, '-m', 'pip', 'download', '--quiet']
        options = ['--no-deps', '--ignore-requires-python', '--only-binary']
        subprocess.run(
            [
                *command,
                *options,
                ':all:',
                '--dest',
                str(where),
                f'{project.name}=={version}',
            ],
            check=True,
        )
    return next(where.glob(pattern))


def outcomes(project: Project, where: pathlib.Path) -> Iterator[Outcome]:
    """Compare the successive releases of a project."""
    checked = projects.Project(project.subjects)
    known: set[tuple[str, str, str]] = set()
    for older, newer in itertools.pairwise(project.versions):
        with contextlib.ExitStack() as stack:
            old, new = (
                stack.enter_context(
                    sources.opened(str(fetch(project, each, where)), where)
                )
                for each in (older, newer)
            )
            begin = time.process_time()
            report = checks.check(
                new, checked, _TODAY, checks.Older(older, old)
            )
            seconds = time.process_time() - begin
            within = {
                (each.interface, each.rule, each.symbol): each
                for each in report.findings
                if not each.against
            }
            yield Outcome(
                project,
                older,
                newer,
                [each for each in report.findings if each.against],
                [within[key] for key in within if key not in known],
                {
                    each.interface: each.version or ''
                    for each in report.checked
                },
                seconds,
                dict(_undone(project, old, new)),
            )
            known = set(within)


def _undone(
    project: Project, old: pathlib.Path, new: pathlib.Path
) -> Iterator[tuple[str, list[findings.Finding]]]:
    """Say what is found if a version had been left as it was."""
    before, after = reading.Tree(old), reading.Tree(new)
    for subject in project.subjects:
        then, now = checks.read(before, subject), checks.read(after, subject)
        assert then.client and then.endpoint and now.client and now.endpoint
        if then.endpoint.version == now.endpoint.version:
            continue
        version = then.endpoint.version
        served = dataclasses.replace(now.endpoint, version=version)
        client = dataclasses.replace(now.client, version=version)
        pair = cross.sent((then.endpoint, served), (then.client, client))
        yield (
            f'{subject.interface} {version} to {now.endpoint.version}',
            [
                *compare.check(pair[0], pair[1], 'before', 'the next'),
                *(
                    each
                    for each in cross.check(client, served)
                    if each.rule == 'version-above-endpoint'
                ),
            ],
        )


def coverage(project: Project, where: pathlib.Path) -> Iterator[str]:
    """Say how much of the latest release could be read."""
    wheel = fetch(project, project.versions[-1], where)
    with sources.opened(str(wheel), where) as top:
        tree = reading.Tree(top)
        for subject in project.subjects:
            sides = checks.read(tree, subject)
            client, endpoint = sides.client, sides.endpoint
            assert client is not None
            assert endpoint is not None
            places = {send.where for send in client.sends}
            unread = [
                each
                for each in completeness.check(subject, client, endpoint)
                if each.rule in ('nothing-read', 'partly-read', 'unread')
            ]
            for each in unread:
                yield f'  {each.rule} {each.interface}.{each.symbol}'
            yield (
                f'  {subject.interface} {client.version}: '
                f'{len({send.method for send in client.sends})} methods in '
                f'{len(client.sends)} forms from {len(places)} places; '
                f'{completeness.served(endpoint)} methods served; '
                f'{len(unread)} could not be read'
            )


def tell(outcome: Outcome) -> Iterator[str]:
    """Write an outcome down, for people."""
    versions = ', '.join(f'{k} {v}' for k, v in outcome.versions.items())
    yield (
        f'{outcome.project.name} {outcome.older} to {outcome.newer} '
        f'({versions}; {outcome.seconds:.1f} s)'
    )
    for each in outcome.between:
        yield f'  {each.rule} {each.interface}.{each.symbol} ({each.where})'
    for each in outcome.within:
        yield (
            f'  new within {outcome.newer}: {each.rule} '
            f'{each.interface}.{each.symbol} ({each.where})'
        )
    for name, found in outcome.undone.items():
        told = ', '.join(
            dict.fromkeys(f'{each.rule} {each.symbol}' for each in found)
        )
        yield f'  undone, {name}: {told or "nothing"}'


def table(found: list[Outcome]) -> Iterator[str]:
    """Write down what changed between releases, for the docs."""
    command = f'python -m benchmarks.contract_releases {found[0].project.name}'
    yield f'.. Written by: {command} --write FILE'
    yield ''
    yield '.. list-table::'
    yield '   :header-rows: 1'
    yield '   :widths: 18 18 28 36'
    yield ''
    yield from _row('Releases', 'Interface', 'Rule', 'What')
    for outcome in found:
        for each in outcome.between:
            interface = each.interface
            if each.rule == 'changed-without-bump':
                continue  # it sums the others up
            yield from _row(
                f'{outcome.older} to {outcome.newer}',
                f'{interface} {outcome.versions[interface]}',
                f'``{each.rule}``',
                f'``{each.symbol}``' if each.symbol else 'the target',
            )
    quiet = sum(not outcome.between for outcome in found)
    yield ''
    yield f'In the other {quiet} of {len(found)} pairs nothing was found.'


def _row(*cells: str) -> Iterator[str]:
    for number, cell in enumerate(cells):
        yield f'   {"*" if number == 0 else " "} - {cell}'


def main() -> int:
    parser = argparse.ArgumentParser(
        description=inspect.cleandoc(__doc__ or ''),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('projects', nargs='*', choices=[*PROJECTS, []])
    parser.add_argument('--wheels', type=pathlib.Path)
    parser.add_argument('--write', type=pathlib.Path)
    args = parser.parse_args()
    slowest, missed = 0.0, 0
    with tempfile.TemporaryDirectory() as scratch:
        where = args.wheels or pathlib.Path(scratch)
        where.mkdir(parents=True, exist_ok=True)
        for name in args.projects or PROJECTS:
            found = []
            for outcome in outcomes(PROJECTS[name], where):
                print('\n'.join(tell(outcome)), flush=True)
                found.append(outcome)
            print(f'{name} {PROJECTS[name].versions[-1]} is read as')
            read = list(coverage(PROJECTS[name], where))
            missed += sum(line.split()[0] in _MISSED for line in read)
            print('\n'.join(read), flush=True)
            slowest = max([slowest, *(each.seconds for each in found)])
            if args.write is not None and found:
                text = '\n'.join(table(found))
                args.write.write_text(text + '\n', 'utf-8')
    return _report.conclude(
        [
            _report.Figure('slowest check, CPU', slowest, ' s', _MOST_SECONDS),
            _report.Figure('parts that were not read', missed, limit=0),
        ]
    )


if __name__ == '__main__':
    sys.exit(main())
