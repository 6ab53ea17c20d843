# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from trove.tests.unit.api import base


class TestQuery(base.TestCase):
    def test_as_many_parameters_as_there_may_be(self):
        query = '&'.join('limit=1' for _ in range(100))

        response = self.get('/instances', query_string=query)

        self.assertEqual(200, response.status_code, response.text)

    def test_one_that_has_two_values(self):
        for query in ('limit=1&limit=2', 'marker=a&limit=1&marker=b'):
            response = self.get('/instances', query_string=query)

            self.assert_refused(response, 'twice')

    def test_too_many_parameters(self):
        for query in ('&'.join('a=1' for _ in range(101)), '&' * 5000):
            response = self.get('/instances', query_string=query)

            self.assert_refused(response, 'more than 100 parameters')
