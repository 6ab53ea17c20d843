# SPDX-License-Identifier: Apache-2.0
"""What services in memory have, and how they refuse."""

from __future__ import annotations

import json
import types
from typing import Any

from openstack import exceptions
import requests

Thing = types.SimpleNamespace


def response(status: int, body: dict[str, Any]) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.headers['content-type'] = 'application/json'
    made._content = json.dumps(body).encode()
    return made


def error(status: int, text: str) -> exceptions.HttpException:
    try:
        exceptions.raise_from_response(
            response(status, {'error': {'message': text}})
        )
    except exceptions.HttpException as raised:
        return raised
    raise AssertionError(status)


def _new_flavor(number: int) -> Any:
    name = f'm{number}'
    return Thing(
        id=str(number), name=name, original_name=name,
        ram=512 * number, vcpus=1, disk=5, is_public=number < 9,
    )


FLAVORS = tuple(_new_flavor(number) for number in (1, 2, 3))
HIDDEN = _new_flavor(9)


def get(found: dict[str, Any], kind: str, thing_id: str) -> Any:
    if thing_id not in found:
        raise error(404, f'{kind} could not be found')
    return found[thing_id]


def flavor(flavor_id: str) -> Any:
    return next(each for each in FLAVORS if each.id == flavor_id)
