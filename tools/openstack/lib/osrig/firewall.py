# SPDX-License-Identifier: Apache-2.0
"""What reaches a server: security groups and floating IPs, by nftables.

Neutron's driver (:mod:`osrig.mech`) writes one file for each port of a server
to ``$OSRIG/ports``, and one with all floating IPs. The files are applied here:
those of a port in the namespace of its server, as soon as there is one, so
also by Nova's driver; the floating IPs in the namespace of the networks.

Run as a program it makes that namespace, and one of clients outside of the
cloud: from there only floating IPs are reached.
"""

import fcntl
import ipaddress
import json
import os
import pathlib
import subprocess

HOME = pathlib.Path(os.environ.get('OSRIG', '/tmp/osrig'))
#: The namespace with the bridges of all networks.
NET = os.environ.get('OSRIG_NS', 'osrig2-net')
#: That of clients outside of the cloud.
CLIENT = os.environ.get('OSRIG_CLIENT_NS', 'osrig2-client')
PORTS = HOME / 'ports'
FLOATING = PORTS / 'floating'
#: The link between both: the gateway of the clients, and their address.
GATEWAY, CLIENT_ADDRESS = '198.51.100.1/24', '198.51.100.2/24'


def run(*command: str, text: str | None = None, check: bool = True) -> str:
    """Run a program and return its output."""
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f'{" ".join(command)}: {done.stderr.strip()}')
    return done.stdout


def server_namespace(uuid: str) -> str:
    return f'{NET.removesuffix("-net")}-{uuid[:13]}'


def has_namespace(name: str) -> bool:
    return os.path.exists(f'/run/netns/{name}')


def write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    new = path.with_suffix('.new')
    new.write_text(text)
    new.rename(path)


def nft(namespace: str, text: str) -> None:
    run('ip', 'netns', 'exec', namespace, 'nft', '-f', '-', text=text)


# Security groups


def accepted(rule: dict) -> str:
    """Return the nftables rule for an ingress rule of a security group."""
    parts = []
    if rule.get('remote_ip_prefix'):
        network = ipaddress.ip_network(rule['remote_ip_prefix'], strict=False)
        family = 'ip' if network.version == 4 else 'ip6'
        parts.append(f'{family} saddr {network}')
    elif rule.get('remote_addresses') is not None:
        addresses = ', '.join(rule['remote_addresses'])
        if not addresses:
            return ''
        parts.append(f'ip saddr {{ {addresses} }}')
    elif rule['ethertype'] == 'IPv4':
        parts.append('meta nfproto ipv4')
    else:
        parts.append('meta nfproto ipv6')
    protocol = rule.get('protocol')
    low, high = rule.get('port_range_min'), rule.get('port_range_max')
    if protocol in ('tcp', 'udp') and low is not None:
        parts.append(f'{protocol} dport {low}-{high}')
    elif protocol:
        parts.append(f'meta l4proto {protocol}')
    return ' '.join([*parts, 'accept'])


def port_file(port_id: str, device_id: str) -> pathlib.Path:
    return PORTS / f'{device_id}.{port_id}.json'


def forget(port_id: str) -> None:
    """Remove what was written of a port."""
    for path in PORTS.glob(f'*.{port_id}.json'):
        path.unlink(missing_ok=True)


def apply_server(uuid: str) -> None:
    """Enforce the groups of all ports of a server that is plugged in."""
    namespace = server_namespace(uuid)
    if not has_namespace(namespace):
        return
    links = json.loads(run('ip', '-j', '-n', namespace, 'link', 'show'))
    names = {link.get('address'): link['ifname'] for link in links}
    rules = []
    for path in sorted(PORTS.glob(f'{uuid}.*.json')):
        port = json.loads(path.read_text())
        name = names.get(port['mac_address'])
        if name is None or not port['enforced']:
            continue
        rules += [
            f'iifname "{name}" {text}'
            for text in filter(None, map(accepted, port['rules']))
        ]
        rules.append(f'iifname "{name}" drop')
    body = '\n'.join(['ct state established,related accept', *rules])
    nft(
        namespace,
        f"""
table inet groups
delete table inet groups
table inet groups {{
chain input {{
type filter hook input priority 0; policy accept;
iifname "lo" accept
icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
{body}
}}
}}
""",
    )


# Floating IPs


def apply_floating() -> None:
    """Translate the floating IPs to the addresses of their ports."""
    if not has_namespace(NET):
        return
    pairs = {}
    if FLOATING.exists():
        pairs = json.loads(FLOATING.read_text())
    rules = '\n'.join(
        f'ip daddr {floating} dnat to {fixed}'
        for floating, fixed in sorted(pairs.items())
    )
    nft(
        NET,
        f"""
table ip floating
delete table ip floating
table ip floating {{
chain prerouting {{
type nat hook prerouting priority -100; policy accept;
{rules}
}}
chain forward {{
type filter hook forward priority 0; policy drop;
ct state established,related accept
ct status dnat accept
}}
}}
""",
    )


def set_kernel(name: str, value: int) -> None:
    """Set a parameter of the kernel in the namespace, if there is one."""
    path = f'/proc/sys/{name}'
    run(
        *('ip', 'netns', 'exec', NET, 'sh', '-c'),
        f'test ! -e {path} || echo {value} >{path}',
    )


def make_namespaces() -> None:
    """Make what connects the networks with their clients, once."""
    if not has_namespace(NET):
        run('ip', 'netns', 'add', NET)
        run('ip', '-n', NET, 'link', 'set', 'lo', 'up')
        set_kernel('net/ipv4/ip_forward', 1)
        # What goes from server to server over a bridge is not forwarded.
        set_kernel('net/bridge/bridge-nf-call-iptables', 0)
    if not has_namespace(CLIENT):
        run('ip', 'netns', 'add', CLIENT)
        run('ip', '-n', CLIENT, 'link', 'set', 'lo', 'up')
        run(
            *('ip', '-n', NET, 'link', 'add', 'client', 'type', 'veth'),
            *('peer', 'name', 'eth0', 'netns', CLIENT),
        )
        run('ip', '-n', NET, 'addr', 'add', GATEWAY, 'dev', 'client')
        run('ip', '-n', NET, 'link', 'set', 'client', 'up')
        run('ip', '-n', CLIENT, 'addr', 'add', CLIENT_ADDRESS, 'dev', 'eth0')
        run('ip', '-n', CLIENT, 'link', 'set', 'eth0', 'up')
        gateway = GATEWAY.partition('/')[0]
        run('ip', '-n', CLIENT, 'route', 'add', 'default', 'via', gateway)
    apply_floating()


class Lock:
    """One writer at a time, of all processes."""

    def __enter__(self) -> None:
        PORTS.mkdir(exist_ok=True)
        self._file = open(PORTS / '.lock', 'w')
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


if __name__ == '__main__':
    make_namespaces()
