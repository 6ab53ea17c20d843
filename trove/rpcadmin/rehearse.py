# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc rehearse``: predicts what an upgrade would break."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import json
import logging
import pathlib
import secrets
from typing import Any

from rich import console as rich_console
from rich import progress as rich_progress

from trove.common import rpc
from trove.peers import versions
from trove.rehearsal import html
from trove.rehearsal import inventory as inventories
from trove.rehearsal import report as reports
from trove.rehearsal import roles
from trove.rehearsal import run as runs
from trove.rehearsal import steps as plans
from trove.rehearsal import text
from trove.rpcadmin import base
from trove.rpcadmin import deployment
from trove.rpcadmin import facts
from trove.rpcadmin import live

_FORMATS = ('text', 'json', 'html')


class Rehearse(base.Command):
    """Predict what an upgrade would refuse or omit, step by step.

    Proposes the order in which the fewest messages are refused or omit
    arguments, and lists for each step the messages that are impossible from
    then on, for how many instances, and whether it can be rolled back. The
    deployment is read from the database or a file. With --run the upgrade is
    tried with a few simulated processes of each revision: nothing is sent to
    the message broker or written to the database.

    The exit status is 0 if nothing is refused or omitted, 1 if something is
    or the trial differed from the prediction, and 2 if the upgrade cannot be
    rehearsed.
    """

    # It opens the database itself, for as long as it reads.
    needs_database = False
    failed = 2

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--file',
            metavar='FILE',
            help='Read the deployment from this YAML or JSON file instead of '
            'the database.',
        )
        parser.add_argument(
            '--save',
            metavar='FILE',
            help='Write the deployment to this file and exit.',
        )
        parser.add_argument(
            '--to',
            action='append',
            default=[],
            metavar='TARGET',
            help='Target release for all, or INTERFACE=REVISION for one '
            'interface (may be repeated). Default: this release.',
        )
        parser.add_argument(
            '--guide-order',
            action='store_true',
            help="Upgrade in the order of the operators' guide: conductors, "
            'task managers, APIs, guest agents.',
        )
        parser.add_argument(
            '--guests-stay',
            action='store_true',
            help='Do not upgrade the guest agents.',
        )
        parser.add_argument(
            '-f',
            '--format',
            choices=_FORMATS,
            default='text',
            help='Format of the report (default: text).',
        )
        parser.add_argument(
            '-o',
            '--output',
            metavar='FILE',
            help='Write the report to this file.',
        )
        self._add_run(parser.add_argument_group('trial run'))
        return parser

    def _add_run(self, group: Any) -> None:
        group.add_argument(
            '--run', action='store_true', help='Try the upgrade in miniature.'
        )
        group.add_argument(
            '--seed',
            type=int,
            help='Repeat a trial with this seed.',
        )
        group.add_argument(
            '--plans',
            type=base.positive,
            default=5,
            help='Number of additional random orders to try (default: 5).',
        )
        group.add_argument(
            '--guests',
            type=base.positive,
            default=2,
            help='Maximum number of guest agents of each revision, and of '
            'services of each kind and revision, in the trial (default: 2).',
        )

    def take_action(self, parsed_args: argparse.Namespace) -> int:
        try:
            return self._rehearse(parsed_args)
        except inventories.Unusable as error:
            raise base.UsageError(str(error)) from None

    def _rehearse(self, parsed_args: argparse.Namespace) -> int:
        inventory = self._inventory(parsed_args)
        if parsed_args.save:
            inventories.save(inventory, parsed_args.save)
            return 0
        name, target = _target(parsed_args.to)
        planner = plans.Planner(
            inventory, target, facts.IN_VAIN, parsed_args.guests_stay
        )
        plan = planner.plan(parsed_args.guide_order)
        result = None
        if parsed_args.run:
            result = self._run(planner, plan, parsed_args)
        document = reports.document(plan, release=name, result=result)
        self._write(document, parsed_args.format, parsed_args.output)
        return 0 if document['clean'] and document['passed'] else 1

    def _inventory(
        self, parsed_args: argparse.Namespace
    ) -> inventories.Inventory:
        deployed = deployment.Deployment(self.app)
        if parsed_args.file is not None:
            if parsed_args.run:
                deployed.read_options()
            return inventories.load(parsed_args.file)
        with deployed.opened():
            return live.inventory(self.app.conf)

    def _run(
        self,
        planner: plans.Planner,
        plan: plans.Plan,
        parsed_args: argparse.Namespace,
    ) -> runs.Result:
        seed = parsed_args.seed
        settings = runs.Settings(
            secrets.randbelow(2**32) if seed is None else seed,
            parsed_args.plans,
            parsed_args.guests,
        )
        with self._quiet(), self._progress() as progress:
            return runs.Rehearsal(
                self.app.conf, planner, plan, settings, progress
            ).run()

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keep what the processes would log out of the way.

        They are refused and crash on purpose.
        """
        if self.app.options.debug:
            yield
            return
        logging.disable(logging.CRITICAL)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)

    @contextlib.contextmanager
    def _progress(self) -> Iterator[runs.Progress]:
        """A bar on a terminal; elsewhere lines."""
        stream = self.app.stderr
        console = rich_console.Console(file=stream)
        if not console.is_terminal:
            yield lambda done, total, text: print(
                f'[{done}/{total}] {text}', file=stream, flush=True
            )
            return
        with rich_progress.Progress(console=console, transient=True) as bar:
            task = bar.add_task('', total=None)
            # Each step is shown, however short it is.
            yield lambda done, total, text: bar.update(
                task,
                completed=done,
                total=total,
                description=text,
                refresh=True,
            )

    def _write(
        self, document: dict[str, Any], form: str, path: str | None
    ) -> None:
        if form == 'json':
            said = json.dumps(document, indent=2) + '\n'
        elif form == 'html':
            said = html.render(document)
        else:
            said = text.render(document)
        if path is None:
            self.app.stdout.write(said)
            return
        try:
            pathlib.Path(path).write_text(said, 'utf-8')
        except OSError as error:
            raise inventories.Unusable(
                f'cannot write {path}: {error}'
            ) from None


def _target(given: list[str]) -> tuple[str, dict[str, rpc.Revision]]:
    """Return what the target is called, and its revisions.

    :raises trove.rehearsal.inventory.Unusable: there is no such one
    """
    releases = [each for each in given if '=' not in each]
    if len(releases) > 1:
        raise inventories.Unusable(
            f'give one release, not {" and ".join(releases)}.'
        )
    name = releases[0] if releases else 'latest'
    try:
        target = roles.of_release(name)
        for each in given:
            interface, sign, revision = each.partition('=')
            if not sign:
                continue
            if interface not in target:
                raise ValueError(
                    f'"{interface}" is not an interface; use one of '
                    f'{", ".join(target)}'
                )
            declared = versions.INTERFACES[interface]
            target[interface] = declared.revision(revision)
    except ValueError as error:
        raise inventories.Unusable(f'--to: {error}.') from None
    named = versions.INTERFACES['guestagent'].latest.release
    told = [named or name if name == 'latest' else name]
    told += [each for each in given if '=' in each]
    return ' with '.join(told), target
