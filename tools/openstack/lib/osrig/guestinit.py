# SPDX-License-Identifier: Apache-2.0
"""Process 1 of a server.

It makes its root, applies the config drive and starts the image's programs.

Of cloud-init it knows: files of the config drive, user data that is a script
or #cloud-config with write_files, bootcmd, runcmd, hostname; multipart not.
Like there, files, scripts and runcmd are for the first boot of an instance,
bootcmd and the image's programs for each.

An image's rig.json: {"binds": ["/path of the host that /tmp or /run hides"],
"layers": ["/path of the host, to lie over its root"], "boot": [["program",
"argument"]], "environment": {}}.
"""

import base64
import ctypes
import gzip
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

import yaml

BOX = pathlib.Path(sys.argv[1])
ROOT = BOX / 'root'
libc = ctypes.CDLL(None, use_errno=True)
PIVOT_ROOT = 155


def say(text):
    print(f'[{time.strftime("%H:%M:%S")}] init: {text}', flush=True)


def mount(*arguments):
    subprocess.run(['mount', *map(str, arguments)], check=True)


def read_json(path, default):
    return json.loads(path.read_text()) if path.exists() else default


def make_root(image):
    mount('--make-rprivate', '/')
    lower = ':'.join([f'{BOX}/image', *image.get('layers', []), '/'])
    mount(
        '-t',
        'overlay',
        'root',
        '-o',
        f'lowerdir={lower},upperdir={BOX}/upper,workdir={BOX}/work',
        ROOT,
    )
    mount('-t', 'proc', 'proc', ROOT / 'proc')
    mount('-t', 'sysfs', '-o', 'ro', 'sysfs', ROOT / 'sys')
    for name in ('dev', 'run', 'tmp'):
        mount(
            '-t',
            'tmpfs',
            '-o',
            f'mode={"1777" if name == "tmp" else "755"}',
            name,
            ROOT / name,
        )
    make_devices(ROOT / 'dev')
    for path in image.get('binds', []):
        target = pathlib.Path(f'{ROOT}{path}')
        target.mkdir(parents=True, exist_ok=True)
        mount('--rbind', path, target)


def make_devices(dev):
    for name in (
        'null',
        'zero',
        'full',
        'random',
        'urandom',
        'tty',
        'loop-control',
        'fuse',
    ):
        if os.path.exists(f'/dev/{name}'):
            number = os.stat(f'/dev/{name}').st_rdev
            os.mknod(dev / name, stat.S_IFCHR | 0o666, number)
            os.chmod(dev / name, 0o666)
    for name, target in (
        ('fd', '/proc/self/fd'),
        ('stdin', 'fd/0'),
        ('stdout', 'fd/1'),
        ('stderr', 'fd/2'),
        ('ptmx', 'pts/ptmx'),
    ):
        os.symlink(target, dev / name)
    for name in ('pts', 'shm'):
        (dev / name).mkdir()
    mount(
        '-t',
        'devpts',
        '-o',
        'newinstance,ptmxmode=0666,mode=620',
        'devpts',
        dev / 'pts',
    )
    mount('-t', 'tmpfs', '-o', 'mode=1777', 'shm', dev / 'shm')
    volumes = read_json(BOX / 'server.json', {})['volumes']
    for name, volume in volumes.items():
        os.mknod(
            dev / name, stat.S_IFBLK | 0o660, os.stat(volume['loop']).st_rdev
        )


def enter_root():
    old = ROOT / 'run' / 'old-root'
    old.mkdir()
    if libc.syscall(PIVOT_ROOT, str(ROOT).encode(), str(old).encode()):
        raise OSError(ctypes.get_errno(), 'pivot_root')
    os.chdir('/')
    subprocess.run(['umount', '-l', '/run/old-root'], check=True)


def put(path, data, mode=0o644):
    target = pathlib.Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(mode)
    say(f'wrote {path}')


def decode(text, encoding):
    data = text.encode() if isinstance(text, str) else text
    for part in (encoding or '').lower().replace('+', ' ').split():
        if part in ('b64', 'base64'):
            data = base64.b64decode(data)
    if 'gz' in (encoding or '').lower():
        data = gzip.decompress(data)
    return data


def write_files(files):
    """As cloud-init: an owner that the image has not ends it."""
    for file in files:
        put(
            file['path'],
            decode(file.get('content', ''), file.get('encoding')),
            int(str(file.get('permissions', '0644')), 8),
        )
        user, _, group = file.get('owner', 'root:root').partition(':')
        try:
            shutil.chown(file['path'], user or None, group or None)
        except LookupError as error:
            say(f'write_files failed at {file["path"]}: {error}')
            return


def shell(command):
    arguments = command if isinstance(command, list) else ['sh', '-c', command]
    return subprocess.Popen(
        [str(part) for part in arguments], stdin=subprocess.DEVNULL
    )


def apply_seed(seed, content, first):
    meta = seed['meta']
    user_data = seed['user_data']
    if first:
        for file in meta.get('files', []):
            put(file['path'], content[os.path.basename(file['content_path'])])
    if user_data[:2] == b'\x1f\x8b':
        user_data = gzip.decompress(user_data)
    if user_data.startswith(b'#!'):
        if first:
            put('/var/lib/cloud/user-data', user_data, 0o700)
            shell(['/var/lib/cloud/user-data']).wait()
    elif user_data.startswith(b'#cloud-config'):
        config = yaml.safe_load(user_data) or {}
        for command in config.get('bootcmd', []):
            shell(command).wait()
        if first:
            write_files(config.get('write_files', []))
            for command in config.get('runcmd', []):
                shell(command).wait()
    elif user_data.strip():
        say('user data of a kind that is not known here: ignored')


def set_name(hostname):
    socket.sethostname(hostname)
    put('/etc/hostname', f'{hostname}\n'.encode())
    put('/etc/hosts', f'127.0.0.1 localhost\n127.0.1.1 {hostname}\n'.encode())


def main():
    began = time.monotonic()
    image = read_json(BOX / 'image' / 'rig.json', {})
    latest = BOX / 'seed' / 'openstack' / 'latest'
    seed = {
        'meta': read_json(latest / 'meta_data.json', {}),
        'user_data': (latest / 'user_data').read_bytes()
        if (latest / 'user_data').exists()
        else b'',
    }
    content = {
        p.name: p.read_bytes()
        for p in (BOX / 'seed' / 'openstack' / 'content').glob('*')
    }
    hostname = read_json(BOX / 'server.json', {}).get('hostname') or 'server'
    make_root(image)
    # Real cloud-init, if an image starts it, finds the drive here too.
    subprocess.run(
        ['mkdir', '-p', f'{ROOT}/var/lib/cloud/seed/config_drive'], check=True
    )
    mount('--bind', BOX / 'seed', f'{ROOT}/var/lib/cloud/seed/config_drive')
    enter_root()
    set_name(hostname)
    os.environ.clear()
    os.environ.update(
        PATH='/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME='/root',
        LANG='C.UTF-8',
        **image.get('environment', {}),
    )
    marker = pathlib.Path('/var/lib/cloud/instance-id')
    uuid = seed['meta'].get('uuid', '')
    first = not marker.exists() or marker.read_text() != uuid
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    apply_seed(seed, content, first)
    marker.write_text(uuid)
    running = {
        shell(command).pid: command for command in image.get('boot', [])
    }
    kind = 'first boot' if first else 'boot'
    say(f'up in {time.monotonic() - began:.2f} s ({kind})')
    reap(stopping, running)


def reap(stopping, running):
    """Bury the dead, and start the programs of the image again.

    At SIGTERM everything has five seconds to end.
    """
    while not stopping:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            pid = 0
        if pid in running:
            command = running.pop(pid)
            say(f'{command[0]} ended with {status}: started again')
            time.sleep(1)
            running[shell(command).pid] = command
        elif not pid:
            time.sleep(0.2)
    say('going down')
    try:
        os.kill(-1, signal.SIGTERM)
    except ProcessLookupError:
        return
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
        except ChildProcessError:
            break


main()
