# SPDX-License-Identifier: Apache-2.0
"""Secrets that whoever takes work over needs, in its row.

They are sealed with the key of the database, for one instance each. Without
that key none are kept, and work that needs them ends with a fault when it is
taken over.
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

#: What the key is derived for.
PURPOSE: Final = 'workflow'


def seal(
    conf: cfg.ConfigOpts, instance_id: str, secrets: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what is to be added to the details of the work.

    :param secrets: values for JSON; those that are empty are not secret
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
    """Return the secrets; None when there were some and they are lost."""
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
