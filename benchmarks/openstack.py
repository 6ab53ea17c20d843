# SPDX-License-Identifier: Apache-2.0
"""An instance on a real OpenStack, against its parts made by hand.

Needs the cloud of ``tools/openstack/up.sh``, an image of
``tools/image/rig.sh`` with MariaDB, and Trove on it by
``tools/openstack/deploy.sh``; OSRIG names its directory. By hand means: a
volume, a port and a server with them in the same networks, whose user data
make the file system and the database, until its server answers: the same
programs. Both are done in turns.

How often the cloud is asked is counted in the logs of trove-api and of the
task manager, which tell each request to another service for that.
"""

from __future__ import annotations

import argparse
import base64
import collections
from collections.abc import Iterator
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time
from typing import Any

from keystoneauth1 import session as ks_session
from keystoneauth1.identity import generic
from openstack import connection
import psutil
from troveclient.v1 import client as trove_client

from benchmarks import _report
from benchmarks import create_instance

TIMES = 5
LIMIT = 1.25
#: Seconds that nobody asks for anything.
IDLE = 60
_DATASTORE = {'datastore': 'mariadb', 'datastore_version': '10.11'}
_SERVICES = 'trove-api', 'trove-taskmanager'
#: What keystoneauth logs of a request.
_REQUEST = re.compile(r'REQ: curl .*?-X (\w+) "?(http://[\d.]+:\d+/[^\s"]*)')
_ID = re.compile(r'[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}')
_TELL = """\
[DEFAULT]
debug = true
default_log_levels = keystoneauth.session=DEBUG,amqp=WARN,sqlalchemy=WARN
"""
_SCRIPT = """\
#!/bin/sh
set -e
until [ -b /dev/vdb ]; do sleep 0.1; done
mkfs.ext4 -q /dev/vdb
mkdir -p /srv/db
mount /dev/vdb /srv/db
mkdir /srv/db/data
chown nobody /srv/db/data
set -- --no-defaults --user=nobody --datadir=/srv/db/data
mariadb-install-db "$@" --skip-test-db >/srv/db/log 2>&1
mariadbd "$@" --socket=/tmp/s --bind-address=0.0.0.0 >>/srv/db/log 2>&1 &
"""


def session(user: str, project: str) -> ks_session.Session:
    return ks_session.Session(
        auth=generic.Password(
            auth_url=os.environ['OS_AUTH_URL'],
            username=user,
            password='osrig',
            project_name=project,
            user_domain_id='default',
            project_domain_id='default',
        )
    )


class Hand:
    """Makes what an instance consists of, as the user ``demo``."""

    def __init__(self) -> None:
        cloud: Any = connection.Connection(
            session=session('demo', 'demo'), region_name='RegionOne'
        )
        self._cloud = cloud
        self.network: str = cloud.network.find_network('user').id
        self._image: str = cloud.image.find_image('plain').id

    def create(self) -> float:
        """Seconds until the database answers; nothing is left of it."""
        cloud = self._cloud
        with contextlib.ExitStack() as stack:
            group = cloud.network.create_security_group(name='by-hand')
            stack.callback(cloud.network.delete_security_group, group.id)
            cloud.network.create_security_group_rule(
                security_group_id=group.id,
                direction='ingress',
                protocol='tcp',
                port_range_min=3306,
                port_range_max=3306,
            )
            start = time.perf_counter()
            volume = cloud.block_storage.create_volume(size=1, name='by-hand')
            stack.callback(cloud.block_storage.delete_volume, volume.id)
            cloud.block_storage.wait_for_status(
                volume, 'available', interval=0.2, wait=300
            )
            port = cloud.network.create_port(
                network_id=self.network, security_groups=[group.id]
            )
            stack.callback(cloud.network.delete_port, port.id)
            server = cloud.compute.create_server(
                name='by-hand',
                flavor_id='1',
                image_id=self._image,
                networks=[{'port': port.id}],
                config_drive=True,
                user_data=base64.b64encode(_SCRIPT.encode()).decode(),
                block_device_mapping=_disks(self._image, volume.id),
            )
            stack.callback(self._delete, server.id)
            address = port.fixed_ips[0]['ip_address']
            create_instance.poll(lambda: answers(address), 'it answers')
            return time.perf_counter() - start

    def _delete(self, server_id: str) -> None:
        self._cloud.compute.delete_server(server_id)

        def gone() -> bool:
            servers = self._cloud.compute.servers(details=False)
            return server_id not in {each.id for each in servers}

        create_instance.poll(gone, 'the server is gone')


def _disks(image: str, volume: str) -> list[dict[str, Any]]:
    return [
        {
            'boot_index': 0,
            'uuid': image,
            'source_type': 'image',
            'destination_type': 'local',
            'delete_on_termination': True,
        },
        {
            'boot_index': -1,
            'uuid': volume,
            'source_type': 'volume',
            'destination_type': 'volume',
        },
    ]


def answers(address: str) -> bool:
    """Whether a MariaDB there greets a client; it need not let it in."""
    done = subprocess.run(
        ['ip', 'netns', 'exec', os.environ['OSRIG_NS']]
        + ['mariadb-admin', '--no-defaults', '--connect-timeout=1']
        + [f'--host={address}', '--user=nobody', 'ping'],
        capture_output=True,
        check=False,
    )
    refused = b'Access denied', b'not allowed to connect'
    return not done.returncode or any(each in done.stderr for each in refused)


class Calls:
    """What the services of Trove ask of the cloud, by their logs."""

    def __init__(self, rig: pathlib.Path) -> None:
        self._host = rig / 'servers/images/.controller'
        self._read: dict[pathlib.Path, int] = {}

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Have the services log each request, within the context."""
        more = self._host / 'etc/trove/trove.conf.d/benchmark.conf'
        more.write_text(_TELL)
        more.chmod(0o644)
        self._restart()
        try:
            yield
        finally:
            more.unlink()
            self._restart()

    def _restart(self) -> None:
        """End them; what stands for systemd starts them again."""
        for process in psutil.process_iter(['cmdline', 'environ']):
            words = ' '.join(process.info['cmdline'] or [])
            place = (process.info['environ'] or {}).get('OSRIG')
            if (
                place == os.environ['OSRIG']
                and any(f'/bin/{name} ' in words for name in _SERVICES)
                and not words.startswith('runuser')
            ):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.terminate()

    def since(self) -> collections.Counter[str]:
        """Return how often each was asked since the last time."""
        found: collections.Counter[str] = collections.Counter()
        for path in self._logs():
            with path.open(errors='replace') as stream:
                stream.seek(self._read.get(path, 0))
                for method, url in _REQUEST.findall(stream.read()):
                    found[f'{method} {_ID.sub("ID", url.split("?")[0])}'] += 1
                self._read[path] = stream.tell()
        return found

    def _logs(self) -> list[pathlib.Path]:
        return [
            path
            for name in _SERVICES
            for path in self._host.glob(f'var/log/trove/{name}*.log')
        ]


def say(what: str, calls: collections.Counter[str]) -> None:
    print(f'{what}: {calls.total()} requests to the cloud')
    for request, count in sorted(calls.items()):
        print(f'    {count:3} {request}')
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--times', type=int, default=TIMES, help='0: count requests only'
    )
    times = parser.parse_args().times
    hand = Hand()
    client = trove_client.Client(
        session=session('demo', 'demo'),
        region_name='RegionOne',
        service_type='database',
    )
    wanted: dict[str, Any] = {**_DATASTORE, 'nics': [{'net-id': hand.network}]}
    ours, bare = [], []
    for _ in range(times):
        bare.append(hand.create())
        seconds, made = create_instance.by_rest(client, **wanted)
        ours.append(seconds)
        print(f'POST to ACTIVE {seconds:.2f} s, by hand {bare[-1]:.2f} s')
        sys.stdout.flush()
        create_instance.delete(client, made)
    calls = Calls(pathlib.Path(os.environ['OSRIG']))
    with calls.told():
        create_instance.poll(lambda: lists(client), 'trove-api answers')
        calls.since()
        _, made = create_instance.by_rest(client, **wanted)
        creation = calls.since()
        time.sleep(IDLE)  # It is this time that is measured.
        idle = calls.since()
        client.instances.list()
        listing = calls.since()
        create_instance.delete(client, made)
    say('A create', creation)
    say(f'{IDLE} s with an ACTIVE instance', idle)
    say('A list of instances', listing)
    figures = [
        _report.Figure('requests of a create', creation.total()),
        _report.Figure('requests while idle', idle.total(), limit=0),
        _report.Figure('requests of a list', listing.total(), limit=0),
    ]
    if times:
        ratio = statistics.median(ours) / statistics.median(bare)
        figures.append(
            _report.Figure(
                'POST to ACTIVE on OpenStack against by hand',
                ratio,
                limit=LIMIT,
            )
        )
    return _report.conclude(figures)


def lists(client: Any) -> bool:
    """Whether the API answers; it makes what it needs at the first request."""
    try:
        client.instances.list()
    except Exception:  # noqa: BLE001
        return False
    return True


if __name__ == '__main__':
    sys.exit(main())
