# SPDX-License-Identifier: Apache-2.0
"""Keystone is frozen: it takes connections, and answers none."""

from __future__ import annotations

from concurrent import futures

import requests

from trove.api import identity
from trove.tests.fixtures import processes
from trove.tests.functional.deployed import base

#: Of all processes of the API; as trove_api_threads is by default.
_THREADS = 16


class FrozenTest(base.DeployedTestCase):
    def setUp(self) -> None:
        super().setUp()
        keystone = self.deployment.keystone
        self.root = f'/v1.0/{keystone.member.project_id}'
        # No process of the API has seen it.
        self.token = keystone.session(keystone.member).get_token()

    def get(self, path: str, token: str = '') -> requests.Response:
        return requests.get(
            self.deployment.url + path,
            headers={'X-Auth-Token': token} if token else {},
            # A limit for broken code.
            timeout=2 * identity.TOTAL,
        )

    def flavors(self) -> requests.Response:
        return self.get(f'{self.root}/flavors', self.token)

    def assert_free(self) -> None:
        """Then what needs no token is answered."""
        for path in '/', '/healthcheck':
            self.assertEqual(200, self.get(path).status_code, path)
        self.assertEqual(401, self.get(f'{self.root}/flavors').status_code)

    def test_it_takes_no_threads_and_comes_back(self) -> None:
        keystone = self.deployment.keystone.process
        crowd = 2 * _THREADS * self.deployment.API_WORKERS

        with (
            processes.frozen(keystone.pid),
            futures.ThreadPoolExecutor(crowd) as pool,
        ):
            asked = [pool.submit(self.flavors) for _ in range(crowd)]
            waiting = set(asked)
            while waiting:
                self.assert_free()
                _, waiting = futures.wait(waiting, timeout=0.2)

        for each in asked:
            answer = each.result()
            self.assertEqual(503, answer.status_code, answer.text)
            fault = answer.json()['serviceUnavailable']
            self.assertEqual(503, fault['code'])
            self.assertIn('Keystone', fault['message'])
        self.assertTrue(self.deployment.api.logged('Keystone does not answer'))

        self.eventually(
            lambda: self.flavors().status_code == 200,
            'tokens are checked again',
        )
