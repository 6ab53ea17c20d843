# SPDX-License-Identifier: Apache-2.0
"""The tests.

A test module may import oslo.messaging before anything of trove, so the
threading backend is chosen here.
"""

from trove.common import service as _service  # noqa: F401
