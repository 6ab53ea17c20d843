# SPDX-License-Identifier: Apache-2.0
"""Projects, where there is no Keystone."""

from __future__ import annotations

import webob

from trove.standalone import projects
from trove.tests import base


class ProjectsTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.application = projects.Projects(
            webob.Response('of Trove', status=418)
        )

    def ask(self, path: str, method: str = 'GET') -> webob.Response:
        request = webob.Request.blank(path, method=method)
        return request.get_response(self.application)

    def test_a_project_has_its_name_as_id(self) -> None:
        response = self.ask('/v1.0/demo/projects/demo')

        self.assertEqual(200, response.status_code)
        self.assertEqual(
            {'id': 'demo', 'name': 'demo', 'enabled': True},
            response.json['project'],
        )

    def test_all_else_is_for_the_application(self) -> None:
        for path, method in (
            ('/v1.0/demo/projects', 'GET'),
            ('/v1.0/demo/projects/demo', 'DELETE'),
            ('/v1.0/demo/projects/demo/x', 'GET'),
            ('/v1.0/demo/projects/%22', 'GET'),
            ('/v1.0/demo/instances/demo', 'GET'),
        ):
            with self.subTest(path):
                self.assertEqual(418, self.ask(path, method).status_code)
