# SPDX-License-Identifier: Apache-2.0
"""The tables as release 26.0 makes them. They never change again."""
