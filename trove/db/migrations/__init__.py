# SPDX-License-Identifier: Apache-2.0
"""Migrations of the database.

``versions`` has one module per migration. A migration has no downgrade, and
can be repeated after an interruption, because MySQL does not roll back the
creation of a table.
"""
