# SPDX-License-Identifier: Apache-2.0
"""The tables as release 26.0 creates them. Never change them."""
