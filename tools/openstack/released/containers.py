# SPDX-License-Identifier: Apache-2.0
"""A container daemon for guests of release 26.0, without containers.

Usage: containers.py TREE. It serves /var/run/docker.sock, with as much of
Docker's API as the guest agent of that release uses, until it is killed.
TREE are the sources of the release; container.py says what a container is.
"""

import http.server
import json
import pathlib
import re
import secrets
import shlex
import signal
import socketserver
import struct
import sys

import container as life

SOCKET = '/run/docker.sock'
#: Commands in containers: the container, the command, how it ended.
EXECUTED = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def container(self, name):
        for each in life.CONTAINERS.values():
            if name in (each.name, each.id):
                return each
        raise KeyError(f'No such container: {name}')

    def reply(self, value=None, status=200):
        data = (
            value if isinstance(value, bytes) else json.dumps(value).encode()
        )
        if value is None:
            status, data = 204, b''
        self.send_response(status)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        length = int(self.headers.get('Content-Length') or 0)
        self.body = json.loads(self.rfile.read(length) or b'{}')
        path, _, query = self.path.partition('?')
        path = re.sub(r'^/v[0-9.]+', '', path)
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path)
            if method == self.command and found:
                try:
                    action(self, query, *found.groups())
                except KeyError as error:
                    self.reply({'message': error.args[0]}, 404)
                return
        self.reply({'message': f'{self.command} {path}: not here'}, 501)

    do_GET = do_POST = do_DELETE = handle_request

    # Requests

    def version(self, _):
        self.reply({'ApiVersion': '1.44', 'Version': '0'})

    def distribution(self, _, image):
        self.reply({'Descriptor': {'digest': image}, 'Platforms': []})

    def done(self, _):
        self.reply({})

    def networks(self, _):
        self.reply([])

    def network(self, _, name='database-network'):
        self.reply({'Id': name, 'Name': name})

    def create(self, query):
        name = re.search(r'name=([^&]+)', query).group(1)
        life.CONTAINERS[name] = made = life.Container(name, self.body)
        life.save()
        self.reply({'Id': made.id, 'Warnings': []}, 201)

    def inspect(self, _, name):
        self.reply(self.container(name).describe())

    def start(self, _, name):
        self.container(name).start()
        self.reply()

    def stop(self, query, name):
        self.container(name).stop(grace(query))
        self.reply()

    def restart(self, query, name):
        found = self.container(name)
        found.stop(grace(query))
        found.start()
        self.reply()

    def wait(self, _, name):
        self.reply({'StatusCode': self.container(name).process.wait()})

    def logs(self, query, name):
        found = self.container(name)
        if 'follow=1' in query:
            found.process.wait()
        self.reply(frame(found.log.read_bytes()))

    def remove(self, _, name):
        found = self.container(name)
        found.stop()
        del life.CONTAINERS[found.name]
        life.save()
        self.reply()

    def execute(self, _, name):
        identity = secrets.token_hex(8)
        EXECUTED[identity] = [self.container(name), self.body['Cmd'], None]
        self.reply({'Id': identity}, 201)

    def execute_start(self, _, identity):
        """Answer with frames, and so that none comes with the headers."""
        self.send_response(200)
        self.send_header('Content-Type', 'application/vnd.docker.raw-stream')
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.flush()
        container, command, _ = EXECUTED[identity]
        if isinstance(command, str):
            command = shlex.split(command)
        done = container.run(command)
        EXECUTED[identity][2] = done.returncode
        self.wfile.write(frame(done.stdout))
        self.close_connection = True

    def execute_inspect(self, _, identity):
        self.reply({'ExitCode': EXECUTED[identity][2]})


def frame(data):
    """What was written to the standard output, as Docker sends it."""
    return struct.pack('>BxxxL', 1, len(data)) + data


def grace(query):
    found = re.search(r't=(\d+)', query)
    return int(found.group(1)) if found else 10


ROUTES = (
    ('GET', '/version', Handler.version),
    ('GET', '/distribution/(.+)/json', Handler.distribution),
    ('POST', '/images/(?:create|prune)', Handler.done),
    ('GET', '/networks', Handler.networks),
    ('POST', '/networks/create', Handler.network),
    ('GET', '/networks/([^/]+)', Handler.network),
    ('POST', '/containers/create', Handler.create),
    ('GET', '/containers/([^/]+)/json', Handler.inspect),
    ('POST', '/containers/([^/]+)/start', Handler.start),
    ('POST', '/containers/([^/]+)/stop', Handler.stop),
    ('POST', '/containers/([^/]+)/restart', Handler.restart),
    ('POST', '/containers/([^/]+)/wait', Handler.wait),
    ('GET', '/containers/([^/]+)/logs', Handler.logs),
    ('DELETE', '/containers/([^/]+)', Handler.remove),
    ('POST', '/containers/([^/]+)/exec', Handler.execute),
    ('POST', '/exec/([^/]+)/start', Handler.execute_start),
    ('GET', '/exec/([^/]+)/json', Handler.execute_inspect),
)


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def finish(*_):
    """End containers; the next daemon starts them again."""
    wanted = [each for each in life.CONTAINERS.values() if each.wanted]
    for each in wanted:
        each.wanted = False
        each.end(4)
    sys.exit()


if __name__ == '__main__':
    life.STATE.mkdir(parents=True, exist_ok=True)
    pathlib.Path(SOCKET).unlink(missing_ok=True)
    signal.signal(signal.SIGTERM, finish)
    life.Container.tree = sys.argv[1]
    life.load()
    Server(SOCKET, Handler).serve_forever()
