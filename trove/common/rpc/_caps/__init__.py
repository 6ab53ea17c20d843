# SPDX-License-Identifier: Apache-2.0
"""The highest revision that may be sent to each peer.

- ``caps.py``: pins and what is known of the peers, combined
- ``discovery.py``: finds out what a peer speaks: it announced that, or it is
  asked
- ``memory.py``: what a process remembers of it, and for how long
"""
