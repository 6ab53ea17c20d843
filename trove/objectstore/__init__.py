# SPDX-License-Identifier: Apache-2.0
"""Where backups are stored, as streams: see :mod:`.base` for the interface.

Guest agents and the control plane use it alike, so it stays small: no
database and no RPC.
"""
