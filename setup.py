# SPDX-License-Identifier: Apache-2.0
"""Everything is declared in setup.cfg, which pbr reads.

pbr takes the version from the last tag and the commits since. Where there is
no tag to count from (a fresh or a shallow clone, an export of the tree, a
directory that git refuses to look into), it would say 0.0.0 or fail. There
the version is the one that setup.cfg aims at and the number of commits.
"""

import configparser
import os
import pathlib
import subprocess

import setuptools

HERE = pathlib.Path(__file__).resolve().parent


def git(*arguments: str) -> str:
    """Return what git says, an empty text where it fails."""
    try:
        done = subprocess.run(
            ['git', '-C', str(HERE), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
            text=True,
        )
    except OSError:
        return ''
    return done.stdout.strip() if done.returncode == 0 else ''


if not (HERE / 'PKG-INFO').exists() and not git('describe', '--tags'):
    config = configparser.ConfigParser()
    config.read(HERE / 'setup.cfg', encoding='utf-8')
    target = config['metadata']['version']
    commits = git('rev-list', '--count', 'HEAD') or '0'
    os.environ.setdefault('PBR_VERSION', f'{target}.dev{commits}')

setuptools.setup(setup_requires=['pbr>=6.1.1'], pbr=True)
