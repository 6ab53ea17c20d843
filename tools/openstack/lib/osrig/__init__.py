# SPDX-License-Identifier: Apache-2.0
"""Drivers and tools of a real OpenStack on one machine, for tests."""
