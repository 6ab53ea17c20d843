# SPDX-License-Identifier: Apache-2.0
"""What clients ask Keystone about a project, where there is no Keystone.

``openstack database quota show NAME`` asks for the id of the project, at the
only endpoint that it knows: that of Trove. Here a project is named by its id.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterable
import json
import re
from typing import Any
from typing import Final

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_PATH: Final = re.compile(r'/v1\.0/[^/]+/projects/([\w.-]{1,64})')


class Projects:
    """Answers for any project, and leaves all else to the application."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        asked = _PATH.fullmatch(environ.get('PATH_INFO', ''))
        if asked is None or environ.get('REQUEST_METHOD') != 'GET':
            return self._application(environ, start_response)
        name = asked[1]
        body = json.dumps(
            {'project': {'id': name, 'name': name, 'enabled': True}}
        ).encode()
        start_response(
            '200 OK',
            [
                ('Content-Type', 'application/json'),
                ('Content-Length', str(len(body))),
            ],
        )
        return [body]
