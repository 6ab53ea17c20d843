# SPDX-License-Identifier: Apache-2.0
"""The steps from one form of the database to the next.

``versions`` has one module per step. A step only goes forward and can be
run again after it was interrupted, because MySQL cannot undo the creation of
a table.
"""
