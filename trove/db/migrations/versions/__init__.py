# SPDX-License-Identifier: Apache-2.0
"""One module per step, in the order of ``down_revision``."""
