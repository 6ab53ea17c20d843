# SPDX-License-Identifier: Apache-2.0
"""How the findings of a check are told; this module is the door.

``_report.py`` is what there is to tell; each other module tells it in one
format, and does not decide anything.
"""

from trove.contracts.reports._formats import FORMATS
from trove.contracts.reports._formats import write
from trove.contracts.reports._report import Checked
from trove.contracts.reports._report import Report

__all__ = ('FORMATS', 'Checked', 'Report', 'write')
