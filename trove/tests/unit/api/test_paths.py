# SPDX-License-Identifier: Apache-2.0

from urllib import parse

import hypothesis
from hypothesis import strategies
import webob

from trove.api import loading
from trove.api import paths
from trove.common import exception
from trove.tests import base as tests_base
from trove.tests.unit.api import base

#: Follows the path of an instance; clients and proxies make another of it.
MALFORMED = (
    '/',
    '//',
    '/.',
    '/..',
    '/%2e',
    '/%2E%2e',
    '/%2F',
    '/databases/',
    '/databases//',
    '//databases',
    '/databases/..',
    '/databases/.',
    '/databases/%2e%2e',
    '/databases/%2E.',
    '/databases/../',
    '/databases/x/..',
    '/databases/x/../..',
    '/databases/x%2F..%2F..',
    '/databases/x%2f%2e%2e%2f..',
    '/databases/shop/',
    '/databases//shop',
    '/databases/./shop',
    '/databases/shop%2F',
    '/users/..',
    '/users/ann/databases/..',
    '/users/ann/databases/../..',
    '/users/ann/databases/x/../../..',
    '/action/',
    '/root/',
)


class TestPaths(base.TestCase):
    """Given an instance with a database, and all ways to send a path."""

    def setUp(self):
        super().setUp()
        self.instance = self.active()
        self.guest.databases['shop'] = {'_name': 'shop'}
        self.root = f'/v1.0/{base.PROJECT}/instances/{self.instance.id}'

    def send(self, verb, path, **environ):
        """Send a path as servers hand it over, with REQUEST_URI or not."""
        request = webob.Request.blank('/', method=verb)
        request.headers['X-Auth-Token'] = f'alice:{base.PROJECT}'
        environ.setdefault(
            'PATH_INFO', parse.unquote_to_bytes(path).decode('latin-1')
        )
        request.environ.update(environ)
        return request.get_response(self.wsgi)

    def ways(self, verb, path):
        yield self.send(verb, path)
        yield self.send(verb, path, REQUEST_URI=f'{path}?a=b')
        yield self.send(verb, path, RAW_URI=f'http://localhost:80{path}')
        # A server that resolves the path before it hands it over.
        for resolved in (self.root, f'{self.root}/databases/shop'):
            yield self.send(verb, path, PATH_INFO=resolved, REQUEST_URI=path)

    def assert_not_found(self, response, what):
        self.assertEqual(404, response.status_int, (what, response.text))
        self.assertEqual('application/json', response.content_type, what)
        self.assertEqual(404, response.json['itemNotFound']['code'])

    def test_a_path_that_others_would_rewrite_reaches_no_route(self):
        for verb in ('GET', 'DELETE', 'PUT', 'POST'):
            for tail in MALFORMED:
                for response in self.ways(verb, self.root + tail):
                    self.assert_not_found(response, (verb, tail))

        self.assertEqual([], self.transport.sent)
        self.assertEqual(
            200, self.get(f'/instances/{self.instance.id}').status_code
        )

    def test_the_error_names_the_path_and_the_remedy(self):
        response = self.delete(f'/instances/{self.instance.id}/databases/..')

        self.assert_fault(
            response, 404, 'itemNotFound', 'databases/..', 'Omit such segments'
        )

    def test_what_a_server_takes_apart_wrongly_reaches_no_route(self):
        """Quoted slashes between segments, where a prefix is looked for."""
        below = f'{base.PROJECT}/instances/{self.instance.id}/databases/shop'
        for path in (
            f'/v1.0%2f{below}',
            f'/v1.0%2F{base.PROJECT}/{below}',
            f'/v1.0%2f{base.PROJECT}%2f{below}',
            f'/%2fv1.0/{below}',
            f'/v1.0/{below}'.replace('/databases', '%2fdatabases'),
        ):
            for verb in ('DELETE', 'GET', 'PUT'):
                response = self.send(verb, path, REQUEST_URI=path)
                self.assert_not_found(response, (verb, path))
        self.assertIn('shop', self.guest.databases)

    def test_a_quoted_letter_is_that_letter(self):
        path = f'{self.root}/databases/shop'.replace('v1.0', '%761%2e0')

        response = self.send('DELETE', path, REQUEST_URI=path)

        self.assertEqual(202, response.status_int, response.text)

    def test_a_target_that_is_none_of_this_api(self):
        shop = f'{self.root}/databases/shop'
        host = {'HTTP_HOST': 'db.example.org'}
        for target, text in (
            (f'{shop}#x/y', 'fragment'),
            (f'{shop}?a=b#', 'fragment'),
            (f'http://db.example.org{shop}#', 'fragment'),
            (f'foo:{shop}', 'scheme'),
            (f'http:{shop}', 'scheme'),
            (f'ftp://db.example.org{shop}', 'scheme'),
            (f'http://{shop}', 'host'),
            (f'http://evil.example.org{shop}', 'host'),
            (f'http://ann@db.example.org{shop}', 'host'),
            (f'http://db.example.org:81{shop}', 'host'),
            (f'http://db.example.org:443{shop}', 'host'),
            (f'https://db.example.org:80{shop}', 'host'),
            (f'http://db.example.org:080{shop}', 'host'),
            (f'http://db.example.org:80:80{shop}', 'host'),
            (f'http://db.example.org:x{shop}', 'host'),
            (f'http://:80{shop}', 'host'),
            (f'http://[db.example.org{shop}', 'host'),
            (shop.lstrip('/'), 'path'),
            ('db.example.org:80', 'path'),
            ('*', 'path'),
        ):
            for environ in ({'REQUEST_URI': target}, {'RAW_URI': target}):
                response = self.send('DELETE', shop, **host, **environ)
                self.assertEqual(400, response.status_int, target)
                message = response.json['badRequest']['message']
                self.assertIn(text, message)
                self.assertIn(ascii(target)[:200], message)
        self.assertIn('shop', self.guest.databases)

    def test_nor_of_the_healthcheck_and_the_versions(self):
        for path in ('/healthcheck', '/', '/v1.0'):
            for target in (f'{path}#x', f'foo:{path}'):
                response = self.send('GET', path, REQUEST_URI=target)
                self.assertEqual(400, response.status_int, target)
                self.assertEqual(400, response.json['badRequest']['code'])

    def test_a_url_of_the_host_that_is_asked(self):
        for target in (
            f'http://DB.example.org{self.root}',
            f'HTTPS://db.example.org{self.root}?',
            f'http://db.example.org:{self.root}',
            f'http://db.example.org:80{self.root}',
            f'https://db.example.org:443{self.root}?limit=1',
        ):
            scheme = target.partition(':')[0].lower()
            port = {'http': 80, 'https': 443}[scheme]
            for host in 'db.example.org', f'DB.example.org:{port}':
                response = self.send(
                    'GET', self.root, HTTP_HOST=host, REQUEST_URI=target
                )
                self.assertEqual(200, response.status_int, response.text)

    def test_a_url_of_an_address(self):
        for target in 'http://[::1]', 'http://[::1]:80', 'http://[::1]:':
            response = self.send(
                'GET',
                self.root,
                HTTP_HOST='[::1]',
                REQUEST_URI=f'{target}{self.root}',
            )
            self.assertEqual(200, response.status_int, response.text)

    def test_before_the_project(self):
        for path in (
            '//',
            '/.',
            '/..',
            '//v1.0',
            '/./v1.0',
            '/v1.0//',
            '/v1.0/.',
            '/v1.0/..',
            '/v1.0/%2e%2e',
            '/healthcheck/../v1.0',
            f'/v1.0//{base.PROJECT}/flavors',
            f'/v1.0/../v1.0/{base.PROJECT}/flavors',
            f'//v1.0/{base.PROJECT}/flavors',
            '/healthcheck/',
            '/healthcheck/x',
        ):
            for environ in ({}, {'REQUEST_URI': path}):
                response = self.send('GET', path, **environ)
                if path == '/healthcheck/':
                    self.assertEqual(200, response.status_int)
                else:
                    self.assert_not_found(response, (path, environ))

    def test_the_roots_may_end_in_a_slash(self):
        for path in ('/', '/v1.0', '/v1.0/', '/healthcheck'):
            for environ in ({}, {'REQUEST_URI': path}):
                response = self.send('GET', path, **environ)
                self.assertEqual(200, response.status_int, path)

    def test_below_a_prefix_of_the_server(self):
        path = f'/database{self.root}/databases/shop'

        response = self.send(
            'DELETE',
            path,
            SCRIPT_NAME='/database',
            PATH_INFO=f'{self.root}/databases/shop',
            REQUEST_URI=path,
        )

        self.assertEqual(202, response.status_int, response.text)
        self.assertEqual({}, self.guest.databases)

    def test_a_path_that_a_proxy_has_put_elsewhere(self):
        response = self.send(
            'DELETE',
            f'{self.root}/databases/shop',
            REQUEST_URI='/somewhere/else',
        )

        self.assertEqual(202, response.status_int, response.text)

    def test_without_an_application_for_the_root(self):
        answers = []
        prefixes = loading.PrefixMap({'/a': None})

        body = prefixes(
            {'PATH_INFO': '/b', 'REQUEST_METHOD': 'GET'},
            lambda *args: answers.append(args),
        )

        self.assertEqual('404 Not Found', answers[0][0])
        self.assertIn(b'itemNotFound', b''.join(body))


class TestSegments(tests_base.TestCase):
    @hypothesis.settings(max_examples=200)
    @hypothesis.given(
        strategies.lists(
            strategies.text(
                strategies.sampled_from('a./%25eE;?#\\é '), max_size=6
            ),
            min_size=1,
            max_size=4,
        ),
        strategies.booleans(),
    )
    def test_what_is_routed_is_what_was_sent(self, names, raw):
        path = '/' + '/'.join(parse.quote(name, safe='') for name in names)
        environ = {
            'PATH_INFO': '/'
            + '/'.join(n.encode().decode('latin-1') for n in names),
        }
        if raw:
            environ['REQUEST_URI'] = path

        try:
            found = paths.segments(environ)
        except exception.NotFound:
            parts = '/'.join(names).split('/')
            self.assertTrue({'', '.', '..'} & set(parts), names)
            return

        given = '/'.join(names)
        wanted = names if raw else given.split('/')
        self.assertEqual(['', *wanted], [part.decode() for part in found])
