# SPDX-License-Identifier: Apache-2.0
"""Secrets of a workflow, in its row, for an adoption.

They are sealed with the key of the database and bound to the instance. Without
that key they are not stored, and a workflow that needs them ends with a fault
when it is adopted.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from typing import Any
from typing import Final

from oslo_config import cfg

from trove.common import crypto
from trove.common import exception
from trove.objects.keys import database_key

#: The purpose in the seal.
PURPOSE: Final = 'workflow'


def require_key(conf: cfg.ConfigOpts) -> None:
    """Check that secrets are stored, not left out.

    :raises ConfigurationError: ``inst_rpc_key_encr_key`` is not set
    """
    database_key.current(conf)


def seal(
    conf: cfg.ConfigOpts, instance_id: str, secrets: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keys to add to the details of the workflow.

    :param secrets: values for JSON; empty ones are no secrets
    """
    given = {name: value for name, value in secrets.items() if value}
    if not given:
        return {'secrets': False}
    if not conf.inst_rpc_key_encr_key:
        return {'secrets': True}
    return {
        'secrets': True,
        'sealed': crypto.seal(
            json.dumps(given),
            database_key.current(conf),
            PURPOSE,
            instance_id.encode(),
        ),
    }


def unseal(
    conf: cfg.ConfigOpts, instance_id: str, details: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the secrets; None when they were not stored or are unreadable."""
    if details.get('secrets') is False:
        return {}
    text = details.get('sealed')
    if not text or not conf.inst_rpc_key_encr_key:
        return None
    try:
        found: dict[str, Any] = json.loads(
            database_key.unseal(
                conf, text, PURPOSE, instance_id.encode()
            )
        )
    except exception.SealError:
        return None
    return found
