# SPDX-License-Identifier: Apache-2.0
"""``trove-rpc contract``: contracts, checked without running anything.

These commands read sources. They need no options, no database and no message
broker, and load none of what those take.
"""
