# SPDX-License-Identifier: Apache-2.0
"""Upload an image for the rig's servers.

Usage: python -m osrig.image NAME RIG_JSON [TAG...]. It prints the id.
"""

import io
import json
import sys
import tarfile

import openstack


def upload(cloud, name, spec, tags=(), **properties):
    """A tar with rig.json: what a server of this image sees and starts."""
    data = json.dumps(spec).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as tar:
        info = tarfile.TarInfo('rig.json')
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    image = cloud.image.create_image(
        name=name,
        data=out.getvalue(),
        disk_format='raw',
        container_format='bare',
        visibility='public',
        tags=list(tags),
        validate_checksum=False,
        **properties,
    )
    return image.id


if __name__ == '__main__':
    cloud = openstack.connect()
    # Images of other projects are not taken for guests.
    print(
        upload(
            cloud,
            sys.argv[1],
            json.loads(sys.argv[2]),
            sys.argv[3:],
            owner=cloud.identity.find_project('service').id,
        )
    )
