# SPDX-License-Identifier: Apache-2.0
"""One module per migration, chained by ``down_revision``."""
