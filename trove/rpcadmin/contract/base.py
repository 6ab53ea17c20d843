# SPDX-License-Identifier: Apache-2.0
"""What the commands about contracts have in common."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import pathlib
import traceback

from cliff import command

from trove.contracts import checks
from trove.contracts import projects
from trove.contracts import reading
from trove.rpcadmin import app as rpc_app

#: What a command ends with besides 0.
FOUND = 1
UNUSABLE = 2


class Command(command.Command):
    """Ends with 2 and the reason where nothing can be said."""

    app: rpc_app.App

    def run(self, parsed_args: argparse.Namespace) -> int:
        try:
            return super().run(parsed_args)
        except BrokenPipeError:
            raise
        except (reading.Unusable, OSError) as error:
            self.app.complain(str(error))
        except Exception as error:  # noqa: BLE001
            if self.app.options.debug:
                traceback.print_exc(file=self.app.stderr)
            self.app.complain(
                f'{type(error).__name__}: {error}. This is not meant to '
                'happen; --debug shows where it did.'
            )
        return UNUSABLE


class TreeCommand(Command):
    """A command about the interfaces of a tree."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            'interface',
            nargs='*',
            help='Only these, of those that the pyproject.toml of the tree '
            'names; with --client or --endpoint, how it is called.',
        )
        parser.add_argument(
            '--tree',
            default='.',
            metavar='PATH',
            help='The directory that the packages are in (default: this).',
        )
        parser.add_argument(
            '--client',
            metavar='MODULE:CLASS',
            help='The class that sends, instead of what pyproject.toml says.',
        )
        parser.add_argument(
            '--endpoint',
            action='append',
            metavar='MODULE:CLASS',
            help='The class that serves, instead of what it says; of a server '
            'with several, each, in its order.',
        )
        parser.add_argument(
            '--allow-unread',
            action='store_true',
            help='With --client or --endpoint: bear that parts of a class, '
            'or all of it, cannot be read.',
        )
        parser.add_argument(
            '--allow-unread-of',
            action='append',
            default=[],
            metavar='METHOD',
            help='The same of one method, or of what a report names '
            '(may be repeated).',
        )
        return parser

    def project(
        self, parsed_args: argparse.Namespace
    ) -> tuple[pathlib.Path, projects.Project]:
        """Return the tree, and what of it the command is about.

        :raises reading.Unusable: that is not there
        """
        top = pathlib.Path(parsed_args.tree).resolve()
        if not top.is_dir():
            raise reading.Unusable(f'{top} is no directory.')
        names = list(parsed_args.interface)
        endpoint = tuple(parsed_args.endpoint or ())
        spec = parsed_args.client or next(iter(endpoint), None)
        if spec is not None:
            if len(names) > 1:
                raise reading.Unusable(
                    f'{", ".join(names)}: --client and --endpoint are of one '
                    'interface.'
                )
            subject = projects.Subject(
                names[0] if names else _name(spec),
                parsed_args.client,
                endpoint or None,
                parsed_args.allow_unread
                or frozenset(parsed_args.allow_unread_of),
            )
            return top, projects.Project((subject,))
        if parsed_args.allow_unread or parsed_args.allow_unread_of:
            raise reading.Unusable(
                '--allow-unread goes with --client or --endpoint; an '
                f'interface that {projects.FILE} names has allow-unread there.'
            )
        return top, projects.read(top).only(names)


def _name(spec: str) -> str:
    # Of package.service.module:Class the service.
    return spec.partition(':')[0].split('.')[-2:][0]


def sides(
    top: pathlib.Path, project: projects.Project
) -> Iterator[checks.Sides]:
    """Read the interfaces of a project."""
    tree = reading.Tree(top)
    for subject in project.subjects:
        yield checks.read(tree, subject)
