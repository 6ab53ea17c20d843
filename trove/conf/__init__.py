# SPDX-License-Identifier: Apache-2.0
"""Configuration options: one module per group, registered from here."""

from __future__ import annotations

from collections.abc import Sequence
import importlib
import re
import sys
from typing import Any

from oslo_config import cfg
from oslo_log import log

from trove import version
from trove.common import exception
from trove.common import logs
from trove.common import peer_logs

#: Modules of this package that declare options.
GROUPS = (
    'api',
    'backup',
    'base',
    'certificates',
    'cloud',
    'conductor',
    'database',
    'datastore',
    'guest_accounts',
    'guest_log',
    'guestagent',
    'metrics',
    'module',
    'objectstore',
    'openstack',
    'quota',
    'rpc',
    'service_credentials',
    'taskmanager',
)

#: Errors of oslo.config for a missing or malformed file.
UNREADABLE = (
    cfg.ConfigDirNotFoundError,
    cfg.ConfigFileParseError,
    cfg.ConfigFilesNotFoundError,
    cfg.ConfigFilesPermissionDeniedError,
    cfg.ConfigFileValueError,
)

#: The quoted line at the end of oslo.config's parse errors.
_LINE = re.compile(r""": (['"]).*\1$""", re.DOTALL)

Listing = list[tuple[str, list[cfg.Opt]]]


def _modules() -> list[Any]:
    return [importlib.import_module(f'{__name__}.{name}') for name in GROUPS]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register every option of Trove with ``conf``."""
    for module in _modules():
        module.register_opts(conf)


def list_opts() -> Listing:
    """All options by group, for the sample and the reference."""
    merged: dict[str, list[cfg.Opt]] = {}
    for module in _modules():
        for group, options in module.list_opts():
            merged.setdefault(group, []).extend(options)
    return list(merged.items())


def setup(
    conf: cfg.ConfigOpts,
    argv: Sequence[str],
    prog: str,
    default_config_files: Sequence[str] | None = None,
) -> None:
    """Read the command line and the files, then start logging.

    :raises SystemExit: what the user gave cannot be parsed, or asks for
        nothing but the version or the help; oslo.config has printed it
    :raises trove.common.exception.ConfigurationError: one of the files
        cannot be read
    """
    register_opts(conf)
    log.register_options(conf)
    log.set_defaults(
        default_log_levels=[
            *log.get_default_log_levels(),
            'amqp=WARNING',
            'kombu=WARNING',
            'oslo.messaging=INFO',
            'oslo_messaging=INFO',
        ]
    )
    # What a program prints is its result; its log is not part of that.
    conf.set_default('use_stderr', True)
    try:
        conf(
            list(argv),
            project='trove',
            prog=prog,
            version=version.banner(prog),
            default_config_files=(
                list(default_config_files)
                if default_config_files is not None
                else None
            ),
        )
    except UNREADABLE as error:
        raise exception.ConfigurationError(unreadable(error)) from error
    log.setup(conf, 'trove')
    logs.install()
    peer_logs.install()


def unreadable(error: Exception) -> str:
    """Return why the options cannot be read, for operators.

    The line that makes no sense is not shown: it may hold a secret.

    :param error: one of :data:`UNREADABLE`
    """
    said = str(error)
    if isinstance(error, cfg.ConfigFileParseError):
        said = _LINE.sub('', said)
    return f'Cannot read the options: {said}'


def begin(conf: cfg.ConfigOpts, argv: Sequence[str], prog: str) -> None:
    """Do what :func:`setup` does, for the main function of a program.

    :raises SystemExit: it cannot be done; what and why is printed
    """
    try:
        setup(conf, argv, prog)
    except exception.ConfigurationError as error:
        sys.stderr.write(f'{prog}: {error}\n')
        raise SystemExit(1) from None
