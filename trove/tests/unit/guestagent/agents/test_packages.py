# SPDX-License-Identifier: Apache-2.0
"""Packages are checked before anything of them is run, and installed whole."""

from __future__ import annotations

import contextlib
from http import server
import pathlib
import subprocess
import threading
from typing import Any
import zipfile

import fixtures

from trove.common import exception
from trove.guestagent.agents import choice
from trove.guestagent.agents import packages
from trove.tests import base
from trove.tests.fixtures import wheels

#: Bytes of a slow server.
_ALL = 500


class _Slow(server.BaseHTTPRequestHandler):
    """Sends bytes one by one, for ten seconds or until it is alone."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header('Content-Length', '1000000')
        self.end_headers()
        pause = threading.Event()
        with contextlib.suppress(OSError):
            for _ in range(_ALL):
                self.wfile.write(b'x')
                pause.wait(0.02)
            self.server.server_close()

    def log_message(self, *args: Any) -> None:
        """Log nothing."""


class PackagesTest(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.kept = choice.Choices(self.top / 'state')
        self.kept.directory.mkdir(parents=True)
        self.path = self.top / 'package.whl'

    def package(self, **values: Any) -> packages.Package:
        order = {
            'url': self.path.as_uri(),
            'sha256': wheels.digest(self.path),
            'seconds': 60,
        }
        return packages.parse_order(order | values)

    def refused(self, **values: Any) -> str:
        """Install it; return why it is not, having left nothing."""
        error = self.assertRaises(
            exception.Unprocessable,
            packages.install,
            self.kept,
            self.package(**values),
        )
        self.assertEqual([], list(self.kept.directory.iterdir()))
        return str(error)

    def test_a_wheel_with_what_it_needs(self) -> None:
        # Given a bundle of Trove and a package that the image lacks
        trove, other = self.top / 'trove.whl', self.top / 'cellar.whl'
        wheels.write(trove, '99.1', requires=('cellar>=2', 'oslo.config'))
        wheels.write(
            other, '2.1', name='cellar', files={'cellar.py': 'SHELVES = 3'}
        )
        with zipfile.ZipFile(self.path, 'w', zipfile.ZIP_DEFLATED) as bundle:
            bundle.write(trove, 'wheels/trove.whl')
            bundle.write(other, 'wheels/cellar.whl')
        package = self.package()
        # When it is installed
        packages.install(self.kept, package)
        # Then its interpreter runs it, with the packages of the image
        said = subprocess.run(
            [
                self.kept.python(package.sha256),
                '-P',
                '-c',
                'import cellar, oslo_config, trove.version as v; '
                'print(v.release(), cellar.SHELVES, v.__file__)',
            ],
            capture_output=True,
            text=True,
            check=True,
            cwd='/',
        ).stdout.split()
        self.assertEqual(['99.1', '3'], said[:2])
        self.assertTrue(
            said[2].startswith(str(self.kept.home(package.sha256)))
        )

    def test_another_digest_runs_nothing(self) -> None:
        self.path.write_bytes(b'anything')

        said = self.refused(sha256='0' * 64)

        self.assertIn(wheels.digest(self.path), said)
        self.assertIn('0' * 64, said)

    def test_what_cannot_be_read(self) -> None:
        self.path.write_bytes(b'')
        gone = self.top / 'gone.whl'

        said = self.refused(url=f'{gone.as_uri()}?token=secret')

        self.assertIn(str(gone), said)
        self.assertNotIn('secret', said)
        self.assertIn('zip', self.refused())

    def test_too_much(self) -> None:
        self.path.write_bytes(b'x' * 1000)
        self.patch(packages, 'MAX_BYTES', 999)
        self.assertIn('999 bytes', self.refused())

        wheels.write(self.path, '1', name='cellar', files={'a.py': 'x' * 1000})
        self.patch(packages, 'MAX_BYTES', 10**6)
        self.patch(packages, 'MAX_UNPACKED', 1000)
        self.assertIn('unpacks to more', self.refused())
        self.patch(packages, 'MAX_UNPACKED', 10**6)
        self.patch(packages, 'MAX_FILES', 2)
        self.assertIn('unpacks to more', self.refused())

    def test_names_that_lead_elsewhere(self) -> None:
        for name in ('../a.py', '/tmp/a.py', 'a\\b.py', 'x.pth'):
            wheels.write(self.path, '1', name='cellar', files={name: ''})
            self.assertIn(repr(name), self.refused())
        with zipfile.ZipFile(self.path, 'w') as bundle:
            bundle.writestr('README', 'nothing')
        self.assertIn('it is no wheel', self.refused())

    def test_what_would_not_run_here(self) -> None:
        wheels.write(self.path, '1', name='cellar')
        self.assertIn('no wheel of Trove', self.refused())

        wheels.write(
            self.path,
            '99',
            files={'trove/guestagent/service.py': 'import shelves\n'},
        )
        self.assertIn('No module named', self.refused())

        wheels.write(
            self.path,
            '99',
            requires=(
                *('shelves>2', 'oslo.config>=999'),
                'other; extra == "guestagent"',
                'ignored; extra == "postgresql"',
            ),
            tag='cp27-none-any',
        )
        said = self.refused()
        self.assertIn('cp27-none-any', said)
        self.assertIn('trove needs shelves>2, which is missing', said)
        self.assertIn('trove needs oslo.config>=999, and has', said)
        self.assertIn('trove needs other, which', said)
        self.assertNotIn('ignored', said)

    def test_a_server_that_sends_a_byte_now_and_then(self) -> None:
        # Given one that would be read for ever
        self.path.write_bytes(b'')
        self.useFixture(
            fixtures.MonkeyPatch(
                'trove.guestagent.agents.packages._FETCH_TIMEOUT', 0.2
            )
        )
        listening = server.HTTPServer(('127.0.0.1', 0), _Slow)
        self.addCleanup(listening.server_close)
        thread = threading.Thread(target=listening.handle_request)
        thread.start()

        said = self.refused(url=f'http://127.0.0.1:{listening.server_port}/')

        self.assertIn('not read within 0.2 seconds', said)
        # It was left before it had sent all.
        thread.join()
        self.assertNotEqual(-1, listening.fileno())

    def test_malformed_orders(self) -> None:
        self.path.write_bytes(b'')
        for name, value in (
            ('url', 'ftp://host/trove.whl'),
            ('url', 'https://user:password@host/trove.whl'),
            ('url', None),
            ('sha256', 'A' * 64),
            ('sha256', '../' + 'a' * 61),
            ('sha256', 'a' * 63),
            ('seconds', 9),
            ('seconds', True),
            ('seconds', '60'),
        ):
            error = self.assertRaises(
                exception.BadRequest, self.package, **{name: value}
            )
            self.assertIn(f'"{name}"', str(error))
            self.assertNotIn('password@', str(error))
        self.assertRaises(exception.BadRequest, packages.parse_order, 'url')
