# SPDX-License-Identifier: Apache-2.0
"""A Nova for release 26.0's trove-api that costs it no time.

Its own tests bring one, with which it cannot list instances: it lacks the
version and the arguments that the API uses. Runs in release 26.0's
environment, with nothing of ours beside it.
"""

from __future__ import annotations

import os
from typing import Any

from novaclient import api_versions

#: Instances, and so servers.
SERVERS = int(os.environ['BENCHMARK_SERVERS'])


class _Server:
    status = 'ACTIVE'

    def __init__(self, number: int) -> None:
        self.id = f'server-{number}'


class _Servers:
    _all = [_Server(number) for number in range(SERVERS)]

    def list(self, **query: Any) -> list[_Server]:
        return self._all


class Nova:
    # Before servers had tags: then it asks for all of them, once.
    api_version = api_versions.APIVersion('2.25')
    servers = _Servers()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """It is called with a context and a region."""
