# SPDX-License-Identifier: Apache-2.0
"""Make the rings of a Swift with one device.

Usage: python -m osrig.rings DIRECTORY SERVER=PORT...
"""

import sys

from swift.common.ring import builder

directory, *servers = sys.argv[1:]
for server in servers:
    name, port = server.split('=')
    rings = builder.RingBuilder(part_power=4, replicas=1, min_part_hours=1)
    rings.add_dev(
        {
            'region': 1,
            'zone': 1,
            'ip': '127.0.0.1',
            'port': int(port),
            'device': 'd1',
            'weight': 1.0,
            'meta': '',
        }
    )
    rings.rebalance()
    rings.get_ring().save(f'{directory}/{name}.ring.gz')
