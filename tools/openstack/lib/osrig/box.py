# SPDX-License-Identifier: Apache-2.0
"""What is kept of one server on this machine, and its processes.

A server has its own network, mount, PID, host name and IPC namespaces. Its
root is the host's root (read only, below), the content of its image (a tar, in
the middle) and its own layer on top, in $OSRIG/servers/UUID. Volumes are loop
devices, seen as /dev/vdb and so on.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from nova import exception

from osrig import firewall

HOME = firewall.HOME
NET = firewall.NET
PREFIX = os.environ.get('OSRIG_PREFIX', '2')
#: Ports, without the prefix, of what servers find in the catalogue.
CATALOGUE = (5000, 8080, 9311)
GUEST_INIT = pathlib.Path(__file__).with_name('guestinit.py')


def run(*command, check=True):
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode:
        raise exception.NovaException(
            f'{" ".join(command)}: {done.stderr.strip()}'
        )
    return done.stdout.strip()


class Box:
    """What is kept of one server on this machine."""

    def __init__(self, uuid):
        self.uuid = uuid
        self.path = HOME / 'servers' / uuid
        self.namespace = firewall.server_namespace(uuid)

    def exists(self):
        return (self.path / 'server.json').exists()

    def load(self):
        try:
            return json.loads((self.path / 'server.json').read_text())
        except FileNotFoundError:
            raise exception.InstanceNotFound(instance_id=self.uuid) from None

    def save(self, state):
        new = self.path / 'server.json.new'
        new.write_text(json.dumps(state, indent=1))
        new.rename(self.path / 'server.json')

    def pid(self):
        """Return the process that made the namespaces, None if it is gone."""
        try:
            pid = int((self.path / 'pid').read_text())
            command = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
            dead = (
                pathlib.Path(f'/proc/{pid}/stat').read_text().split()[2] == 'Z'
            )
        except (OSError, ValueError):
            return None
        # While one program makes room for the next, it has no command line,
        # and Nova would take the server for one that is off.
        ours = not command or self.uuid.encode() in command
        return pid if ours and not dead else None

    def init_pid(self):
        """Return the server's process 1, as the host sees it."""
        pid = self.pid()
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children')
        return (
            int(children.read_text().split()[0])
            if pid and children.read_text()
            else None
        )

    # Network

    def plug(self, vifs):
        if not os.path.exists(f'/run/netns/{self.namespace}'):
            run('ip', 'netns', 'add', self.namespace)
            run('ip', '-n', self.namespace, 'link', 'set', 'lo', 'up')
        for index, vif in enumerate(vifs):
            self.plug_one(vif, f'eth{index}', index == 0)
        with firewall.Lock():
            firewall.apply_server(self.uuid)

    def plug_one(self, vif, name, default):
        bridge, device = f'br{vif["network"]["id"][:11]}', vif['devname']
        # The first servers of a network may be made at the same time.
        with firewall.Lock():
            if not run('ip', '-n', NET, 'link', 'show', bridge, check=False):
                run('ip', '-n', NET, 'link', 'add', bridge, 'type', 'bridge')
                run('ip', '-n', NET, 'link', 'set', bridge, 'up')
        run('ip', '-n', NET, 'link', 'del', device, check=False)
        run(
            'ip',
            '-n',
            NET,
            'link',
            'add',
            device,
            'type',
            'veth',
            'peer',
            'name',
            name,
            'netns',
            self.namespace,
        )
        run('ip', '-n', NET, 'link', 'set', device, 'master', bridge, 'up')
        run(
            'ip',
            '-n',
            self.namespace,
            'link',
            'set',
            name,
            'address',
            vif['address'],
            'up',
        )
        for subnet in vif['network']['subnets']:
            gateway = (subnet.get('gateway') or {}).get('address')
            length = str(subnet['cidr']).rsplit('/', 1)[-1]
            if gateway:
                run(
                    'ip',
                    '-n',
                    NET,
                    'addr',
                    'replace',
                    f'{gateway}/{length}',
                    'dev',
                    bridge,
                )
            for ip in subnet['ips']:
                run(
                    'ip',
                    '-n',
                    self.namespace,
                    'addr',
                    'replace',
                    f'{ip["address"]}/{length}',
                    'dev',
                    name,
                )
            if gateway and default:
                run(
                    'ip',
                    '-n',
                    self.namespace,
                    'route',
                    'replace',
                    'default',
                    'via',
                    gateway,
                )
            self.add_routes(subnet, bridge)

    def add_routes(self, subnet, bridge):
        """Add the routes that DHCP would tell; the bridge is their router."""
        length = str(subnet['cidr']).rsplit('/', 1)[-1]
        for route in subnet.get('routes') or ():
            router = route['gateway']['address']
            run(
                *('ip', '-n', NET, 'addr', 'replace', f'{router}/{length}'),
                *('dev', bridge),
            )
            run(
                *('ip', '-n', self.namespace, 'route', 'replace'),
                *(str(route['cidr']), 'via', router),
            )

    def unplug(self):
        run('ip', 'netns', 'del', self.namespace, check=False)

    # Volumes

    def attach(self, state, device, path):
        """Make a loop device of the file: ``device`` in the server."""
        name = os.path.basename(device)
        loop = run('losetup', '--find', '--show', path)
        pid = self.init_pid()
        if pid:
            number = os.stat(loop).st_rdev
            try:
                run(
                    'nsenter',
                    '-t',
                    str(pid),
                    '-m',
                    '-r',
                    'mknod',
                    f'/dev/{name}',
                    'b',
                    str(os.major(number)),
                    str(os.minor(number)),
                )
            except exception.NovaException:
                run('losetup', '-d', loop, check=False)
                raise
        state['volumes'][name] = {'path': path, 'loop': loop}
        self.save(state)

    def detach(self, state, name):
        volume = state['volumes'].pop(name, None)
        if volume is None:
            return
        pid = self.init_pid()
        if pid:
            run(
                'nsenter',
                '-t',
                str(pid),
                '-m',
                '-r',
                'rm',
                '-f',
                f'/dev/{name}',
            )
        run('losetup', '-d', volume['loop'], check=False)
        self.save(state)

    # Life

    def start(self):
        if self.pid():
            return
        log = open(self.path / 'console.log', 'ab')
        environment = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(('PYTHON', 'OS_'))
        }
        process = subprocess.Popen(
            [
                'nsenter',
                f'--net=/run/netns/{self.namespace}',
                'unshare',
                '--mount',
                '--pid',
                '--uts',
                '--ipc',
                '--fork',
                '--kill-child',
                sys.executable,
                str(GUEST_INIT),
                str(self.path),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=environment,
            cwd='/',
        )
        log.close()
        (self.path / 'pid').write_text(str(process.pid))
        self.relay()

    def relay(self):
        """Have the catalogue's addresses, of loopback, lead to the host."""
        rules = [
            f'{PREFIX}{port}=127.0.0.1:{PREFIX}{port}' for port in CATALOGUE
        ]
        process = subprocess.Popen(
            [sys.executable, '-m', 'osrig.relay', self.namespace, *rules],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd='/',
        )
        (self.path / 'relay').write_text(str(process.pid))

    def end_relay(self):
        try:
            pid = int((self.path / 'relay').read_text())
            command = pathlib.Path(f'/proc/{pid}/cmdline').read_bytes()
            if self.namespace.encode() in command:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        except (OSError, ValueError):
            pass

    def stop(self, grace=0):
        """End it, at once or as a power button does with ``grace``."""
        self.end_relay()
        init, pid = self.init_pid(), self.pid()
        if grace and init:
            os.kill(init, signal.SIGTERM)
            end = time.monotonic() + grace
            while self.pid() and time.monotonic() < end:
                time.sleep(0.05)
        if self.pid():
            os.kill(pid, signal.SIGKILL)
        while pid and self.pid():
            time.sleep(0.02)
        try:
            os.waitpid(pid or 0, os.WNOHANG)
        except (ChildProcessError, TypeError):
            pass
