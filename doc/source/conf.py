# SPDX-License-Identifier: Apache-2.0
"""How the documentation is built; see tools/run-tests.sh docs."""

import importlib.metadata
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path[:0] = [str(TOP), str(HERE / '_exts')]

# The sample files are written from the top directory, as on the command line.
os.makedirs(HERE / '_static', exist_ok=True)

extensions = [
    'command_help',
    'contract_rules',
    'openstackdocstheme',
    'oslo_config.sphinxconfiggen',
    'oslo_config.sphinxext',
    'oslo_policy.sphinxext',
    'oslo_policy.sphinxpolicygen',
    'peer_beliefs',
    'rpc_interfaces',
    'rpc_matrix',
    'trove_errors',
]

project = 'Trove'
copyright = 'OpenStack contributors'
# As the commands say it; the theme would count from a tag that a clone may
# not have.
openstackdocs_auto_version = False
version = release = importlib.metadata.version('trove')
master_doc = 'index'
nitpicky = True
html_theme = 'openstackdocs'
html_static_path = ['_static']
pygments_style = 'native'
exclude_patterns = ['_exts']
smartquotes = False

openstackdocs_repo_name = 'openstack/trove'
openstackdocs_pdf_link = False
openstackdocs_auto_name = False
openstackdocs_bug_project = 'trove'
openstackdocs_bug_tag = 'docs'

config_generator_config_file = [
    (str(TOP / 'etc' / 'oslo-config-generator.conf'), '_static/trove'),
]
policy_generator_config_file = [
    (str(TOP / 'etc' / 'oslo-policy-generator.conf'), '_static/trove'),
]

linkcheck_ignore = [r'http://(127|192|203)\..*', r'http://controller.*']
