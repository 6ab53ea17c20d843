# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc matrix``: messages between clients and servers of all releases.

``rows.py`` judges each message, ``notes.py`` knows what signatures do not
show; ``command.py`` lists the outcome, ``page.py`` makes an HTML page of it.
"""
