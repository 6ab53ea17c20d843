# SPDX-License-Identifier: Apache-2.0

import json
import pathlib

from keystoneauth1 import loading as ks_loading
from keystonemiddleware import opts
from oslo_db import exception as db_exception
import webob

from trove.api import errors
from trove.api import loading
from trove.api import middleware
from trove.common import exception
from trove.tests.unit.api import base

URL = f'/v1.0/{base.PROJECT}'


class TestVersions(base.TestCase):
    def test_list_needs_no_token(self):
        response = self.client.simulate_get('/')

        self.assertEqual(200, response.status_code)
        (version,) = response.json['versions']
        self.assertEqual('v1.0', version['id'])
        self.assertEqual('CURRENT', version['status'])
        self.assertEqual(
            'http://falconframework.org/v1.0/', version['links'][0]['href']
        )

    def test_document_of_a_version_needs_no_token(self):
        for path in ('/v1.0', '/v1.0/'):
            response = self.client.simulate_get(path)

            self.assertEqual(200, response.status_code)
            self.assertEqual('v1.0', response.json['version']['id'])

    def test_links_name_the_public_endpoint(self):
        self.config(public_endpoint='https://db.example.org/')
        self.load()

        version = self.client.simulate_get('/').json['versions'][0]
        flavor = self.get('/flavors').json['flavors'][0]

        self.assertEqual(
            'https://db.example.org/v1.0/', version['links'][0]['href']
        )
        self.assertEqual(
            f'https://db.example.org{URL}/flavors/1',
            flavor['links'][0]['href'],
        )
        self.assertEqual(
            'https://db.example.org/flavors/1', flavor['links'][1]['href']
        )

    def test_another_version_is_not_found(self):
        response = self.client.simulate_get('/v2.0/')

        self.assert_fault(response, 404, 'itemNotFound')


class TestPaths(base.TestCase):
    def test_unknown_path(self):
        for path in ('', '/nothing', '/instances/a/b/c'):
            self.assert_fault(self.get(path), 404, 'itemNotFound')

    def test_wrong_verb(self):
        response = self.delete('/flavors')

        self.assert_fault(response, 405, 'badMethod', 'GET')
        self.assertIn('GET', response.headers['Allow'])

    def test_verb_that_does_not_exist(self):
        request = webob.Request.blank(
            f'{URL}/flavors',
            method='BREW',
            headers={'X-Auth-Token': f'alice:{base.PROJECT}'},
        )

        response = request.get_response(self.wsgi)

        self.assertIn(response.status_int, (400, 405))
        self.assertEqual('application/json', response.content_type)

    def test_head(self):
        response = self.request('HEAD', '/flavors')

        self.assertEqual(200, response.status_code)
        self.assertEqual('', response.text)

    def test_path_that_is_not_utf8(self):
        response = self.get('/flavors/%ff%fe')

        self.assert_fault(response, 404, 'itemNotFound')

    def test_path_with_nul(self):
        for path in ('/flavors/a%00b', '/instances/%00', '/datastores/%00'):
            self.assert_fault(self.get(path), 404, 'itemNotFound')

    def test_query_with_nul(self):
        response = self.get('/instances', query_string='marker=%00')

        self.assert_refused(response, 'U+0000')

    def test_request_ids_are_in_every_answer(self):
        ids = set()
        for path in ('/', f'{URL}/flavors', f'{URL}/nothing', '/v2.0'):
            response = self.client.simulate_get(path)
            found = response.headers['x-openstack-request-id']
            self.assertTrue(found.startswith('req-'))
            self.assertEqual(found, response.headers['x-compute-request-id'])
            ids.add(found)
        self.assertEqual(4, len(ids))


class TestWhoAsks(base.TestCase):
    def test_no_token(self):
        response = self.client.simulate_get(f'{URL}/flavors')

        self.assert_fault(response, 401, 'unauthorized', 'X-Auth-Token')

    def test_a_claim_to_be_confirmed_is_not_believed(self):
        response = self.client.simulate_get(
            f'{URL}/flavors',
            headers={
                'X-Identity-Status': 'Confirmed',
                'X-Project-Id': base.PROJECT,
            },
        )

        self.assert_fault(response, 401, 'unauthorized')

    def test_another_project_in_the_url(self):
        response = self.get('/instances', url_project=base.OTHER_PROJECT)

        self.assert_fault(response, 403, 'forbidden', base.PROJECT)

    def test_not_even_an_administrator_may_name_another_project(self):
        response = self.get(
            '/instances', user='admin', url_project=base.OTHER_PROJECT
        )

        self.assert_fault(response, 403, 'forbidden')

    def test_a_slash_in_the_project_leads_nowhere(self):
        response = self.get(
            '/flavors', url_project=f'{base.PROJECT}%2Fflavors'
        )

        self.assert_fault(response, 404, 'itemNotFound')

    def test_the_headers_say_who_asks(self):
        headers = {
            'X-User-Id': 'bob',
            'X-Project-Id': base.PROJECT,
            'X-Roles': 'member,admin',
        }

        response = self.client.simulate_get(
            f'{URL}/mgmt/instances', headers=headers
        )

        self.assertEqual(200, response.status_code)

    def test_a_token_without_project_is_for_that_of_the_url(self):
        response = self.client.simulate_get(
            f'{URL}/flavors', headers={'X-Auth-Token': 'alice'}
        )

        self.assertEqual(200, response.status_code)

    def test_admin_roles_is_an_option(self):
        self.config(admin_roles=['boss'])
        self.load()
        headers = {'X-Roles': 'Boss'}

        response = self.get('/mgmt/instances', headers=headers)

        self.assertEqual(200, response.status_code)

    def test_the_context_has_what_the_headers_say(self):
        seen = []

        def application(environ, start_response):
            seen.append(environ[middleware.CONTEXT])
            start_response('204 No Content', [])
            return []

        context = middleware.Context(application, ['admin'])
        environ = {
            'PATH_INFO': f'/{base.PROJECT}/instances',
            'HTTP_X_IDENTITY_STATUS': 'Confirmed',
            'HTTP_X_PROJECT_ID': base.PROJECT,
            'HTTP_X_USER_ID': 'alice',
            'HTTP_X_ROLES': 'member, reader',
            'HTTP_X_SERVICE_CATALOG': '[{"type": "database"}]',
            'openstack.request_id': 'req-1',
        }

        context(environ, lambda status, headers: None)
        environ['HTTP_X_SERVICE_CATALOG'] = 'no JSON'
        context(environ, lambda status, headers: None)

        self.assertEqual(['member', 'reader'], seen[0].roles)
        self.assertFalse(seen[0].is_admin)
        self.assertEqual('req-1', seen[0].request_id)
        self.assertEqual([{'type': 'database'}], seen[0].service_catalog)
        self.assertEqual([], seen[1].service_catalog)


class TestKeystone(base.TestCase):
    def setUp(self):
        super().setUp()
        self.config(auth_strategy='keystone')
        self.conf.register_opts(
            opts.list_auth_token_opts()[0][1], group='keystone_authtoken'
        )
        ks_loading.register_auth_conf_options(self.conf, 'keystone_authtoken')
        self.config(
            group='keystone_authtoken',
            www_authenticate_uri='http://keystone.example.org/v3',
            auth_type='none',
        )
        self.load()

    def test_no_user_to_check_tokens_with(self):
        self.config(group='keystone_authtoken', auth_type=None)

        error = self.assertRaises(exception.ConfigurationError, self.load)

        self.assertIn('keystone_authtoken', str(error))

    def test_no_token(self):
        response = self.client.simulate_get(f'{URL}/flavors')

        self.assert_fault(response, 401, 'unauthorized')
        self.assertEqual(
            'Keystone uri="http://keystone.example.org/v3"',
            response.headers['www-authenticate'],
        )

    def test_headers_of_noauth_are_not_believed(self):
        response = self.client.simulate_get(
            f'{URL}/flavors',
            headers={
                'X-Identity-Status': 'Confirmed',
                'X-User-Id': 'admin',
                'X-Project-Id': base.PROJECT,
                'X-Roles': 'admin',
            },
        )

        self.assert_fault(response, 401, 'unauthorized')

    def test_versions_need_no_token(self):
        self.assertEqual(200, self.client.simulate_get('/').status_code)
        self.assertEqual(200, self.client.simulate_get('/v1.0').status_code)


class TestFaults(base.TestCase):
    def test_an_answer_in_html_becomes_json(self):
        def application(environ, start_response):
            start_response(
                '503 Service Unavailable',
                [('Content-Type', 'text/html'), ('Retry-After', '7')],
            )
            return [b'<html></html>']

        response = self._through(application)

        body = json.loads(response.body)
        self.assertEqual(503, body['serviceUnavailable']['code'])
        self.assertNotIn('Retry-After', response.headers)

    def test_an_exception_becomes_json_and_tells_nothing(self):
        def application(environ, start_response):
            raise RuntimeError('secret')

        response = self._through(application)

        self.assertEqual(500, response.status_int)
        self.assertNotIn('secret', response.text)
        self.assertIn('secret', self.logs.output)

    def test_an_answer_in_json_is_left_alone_if_it_is_a_fault(self):
        fault = '{"unauthorized": {"code": 401, "message": "No token."}}'
        for body, expected in (
            (fault, 'No token.'),
            ('{"message": "%s"}', 'Unauthorized'),
            ('[1', 'Unauthorized'),
        ):

            def application(environ, start_response, body=body):
                start_response(
                    '401 Unauthorized', [('Content-Type', 'application/json')]
                )
                return [body.encode()]

            response = self._through(application)

            self.assertEqual(
                {'code': 401, 'message': expected},
                response.json['unauthorized'],
            )

    def _through(self, application):
        faults = middleware.Faults(application, 100)
        return webob.Request.blank('/').get_response(faults)

    def test_faults_have_the_names_of_released_trove(self):
        self.assertEqual('badMethod', errors.fault(405))
        self.assertEqual('badRequest', errors.fault(418))
        self.assertEqual('instanceFault', errors.fault(500))

    def test_a_database_that_is_gone_is_known_by_its_error(self):
        gone = db_exception.DBConnectionError()
        wrapped = db_exception.DBError(gone)

        self.assertTrue(errors.is_database_gone(gone))
        self.assertTrue(errors.is_database_gone(wrapped))
        self.assertFalse(errors.is_database_gone(ValueError()))
        self.assertEqual(503, errors.translate(gone).code)


class TestHealthcheck(base.TestCase):
    def test_healthy(self):
        response = self.client.simulate_get('/healthcheck')

        self.assertEqual(200, response.status_code)
        self.assertEqual('OK\nOK', response.text)

    def test_the_database_is_gone_and_back(self):
        self.database_is_gone()
        gone = self.client.simulate_get('/healthcheck')
        self.database_is_back()
        back = self.client.simulate_get('/healthcheck')

        self.assertEqual(503, gone.status_code)
        self.assertIn('database', gone.text)
        self.assertEqual(200, back.status_code)


class TestDatabaseGone(base.TestCase):
    def test_requests_say_so_until_it_is_back(self):
        self.database_is_gone()
        gone = self.get('/instances')
        created = self.post('/instances', self.order())
        without = self.get('/flavors')
        self.database_is_back()
        back = self.get('/instances')

        self.assert_fault(gone, 503, 'serviceUnavailable', 'database')
        self.assert_fault(created, 503, 'serviceUnavailable')
        self.assertEqual(200, without.status_code)
        self.assertEqual(200, back.status_code)
        self.assertEqual([], back.json['instances'])
        self.assertEqual([], self.transport.sent)


class TestPasteFile(base.TestCase):
    def test_by_itself_it_is_refused(self):
        error = self.assertRaises(
            exception.ConfigurationError, loading.runtime, {}
        )

        self.assertIn('trove.api.wsgi', str(error))

    def test_a_file_that_is_missing(self):
        self.config(api_paste_config='missing.ini')

        error = self.assertRaises(exception.ConfigurationError, self.load)

        self.assertIn('missing.ini', str(error))

    def test_a_file_of_its_own(self):
        root = pathlib.Path(loading.__file__).resolve().parents[2]
        text = (root / 'etc/trove/api-paste.ini').read_text()
        path = pathlib.Path(self.useFixture(base.TempDir()).path) / 'own.ini'
        path.write_text(text.replace('/v1.0 = v1', '/v1.0 = v1\n/x = v1'))
        self.config(api_paste_config=str(path))
        self.load()

        response = self.client.simulate_get('/x/p/flavors')

        self.assert_fault(response, 401, 'unauthorized')

    def test_without_a_pipeline_for_the_strategy(self):
        path = pathlib.Path(self.useFixture(base.TempDir()).path) / 'own.ini'
        path.write_text(
            '[composite:trove]\n'
            'use = call:trove.api.app:pipeline_by_auth_strategy\n'
            'keystone = nothing\n'
        )
        self.config(api_paste_config=str(path))

        error = self.assertRaises(exception.ConfigurationError, self.load)

        self.assertIn('auth_strategy', str(error))
