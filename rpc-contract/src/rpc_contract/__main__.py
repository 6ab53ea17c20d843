# SPDX-License-Identifier: Apache-2.0
"""``python -m rpc_contract`` is ``rpc-contract``."""

from __future__ import annotations

import sys

from rpc_contract import main

sys.exit(main.main())
