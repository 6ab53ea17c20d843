# SPDX-License-Identifier: Apache-2.0
"""The driver ``openstack``: servers of Nova, volumes of Cinder.

All of an instance lies in the project of ``[service_credentials]`` and bears
its id: servers as a tag, everything else in the name (see :mod:`.marks`). So
each is found again, and what was made without an answer is adopted.
"""

from trove.cloud.openstack.driver import OpenStackCloud

__all__ = ('OpenStackCloud',)
