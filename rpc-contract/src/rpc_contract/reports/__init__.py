# SPDX-License-Identifier: Apache-2.0
"""How the findings of a check are told; this module is the door.

``_report.py`` is what there is to tell; each other module tells it in one
format, and does not decide anything.
"""

from rpc_contract.reports._formats import FORMATS
from rpc_contract.reports._formats import write
from rpc_contract.reports._report import Checked
from rpc_contract.reports._report import Report

__all__ = ('FORMATS', 'Checked', 'Report', 'write')
