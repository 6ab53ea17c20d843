# SPDX-License-Identifier: Apache-2.0
"""User data of servers: the files of the guest agent, for cloud-init."""

from __future__ import annotations

import base64
from collections.abc import Mapping
import pathlib
from typing import Any
from typing import Final

from oslo_config import cfg
import yaml

from trove.common import exception

#: Characters of base64 that Nova accepts.
MOST: Final = 65535

_HEADER: Final = '#cloud-config\n'


def make(
    conf: cfg.ConfigOpts, datastore: str, files: Mapping[str, str]
) -> str:
    """Return the user data in base64, as Nova takes it.

    :param files: content by path, relative to ``injected_config_location``
    :raises CloudError: they are too large, or the file of the operator is
        malformed
    """
    config = _merge(
        {'write_files': [_file(conf, *each) for each in files.items()]},
        _of_operator(conf, datastore),
    )
    text = _HEADER + yaml.safe_dump(config, sort_keys=False)
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > MOST:
        raise exception.CloudError(
            action='create the server',
            reason=f'its user data are {len(encoded)} bytes, and Nova accepts '
            f'{MOST}. Shorten guest_config, or the file of the datastore '
            'below cloudinit_location',
        )
    return encoded


def _file(conf: cfg.ConfigOpts, path: str, content: str) -> dict[str, str]:
    place = pathlib.PurePosixPath(conf.injected_config_location)
    return {
        'path': str(place / path),
        'owner': f'{conf.injected_config_owner}:{conf.injected_config_group}',
        # They hold the password of the message broker.
        'permissions': '0640',
        'encoding': 'b64',
        'content': base64.b64encode(content.encode()).decode(),
    }


def _of_operator(conf: cfg.ConfigOpts, datastore: str) -> dict[str, Any]:
    """Return what the operator has for servers of a datastore."""
    path = pathlib.Path(conf.cloudinit_location) / f'{datastore}.cloudinit'
    try:
        found = yaml.safe_load(path.read_text('utf-8'))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, str(error)) from error
    except yaml.YAMLError as error:
        raise _unusable(path, 'it is no YAML') from error
    if found is None:
        return {}
    if not isinstance(found, dict) or not isinstance(
        found.get('write_files', []), list
    ):
        raise _unusable(path, 'it is no mapping with a list of write_files')
    return found


def _unusable(path: pathlib.Path, why: str) -> exception.CloudError:
    return exception.CloudError(
        action=f'use {path}',
        reason=f'{why}. Make it a cloud-config file, or remove it',
    )


def _merge(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    return {
        **ours,
        **theirs,
        'write_files': [*ours['write_files'], *theirs.get('write_files', [])],
    }
