# SPDX-License-Identifier: Apache-2.0
"""What the drivers of MySQL and of its descendants share."""
