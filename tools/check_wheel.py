# SPDX-License-Identifier: Apache-2.0
"""Check that a wheel has everything that the tree has.

Usage: check_wheel.py WHEEL PACKAGE [DATA...], from the top directory of the
tree. PACKAGE is the directory of the package, and DATA is what must be there
besides.
"""

import pathlib
import sys
import zipfile


def missing(wheel: str, package: pathlib.Path, *data: str) -> list[str]:
    """Name the files of the tree that the wheel lacks.

    :param package: the directory of the package
    :param data: how the names of other files end
    """
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packed = set(names)
    files = (
        path.relative_to(package.parent).as_posix()
        for path in sorted(package.rglob('*'))
        if path.is_file() and path.suffix != '.pyc'
    )
    return [
        *(name for name in files if name not in packed),
        *(
            each
            for each in data
            if not any(name.endswith(each) for name in names)
        ),
    ]


def main(wheel: str, package: str, *data: str) -> int:
    lacks = missing(wheel, pathlib.Path(package), *data)
    for name in lacks:
        print(
            f'{wheel} lacks {name}. pbr packs the files that git knows: '
            'add it to git; a file outside trove/ also to data_files in '
            'setup.cfg. setuptools packs what package-data of '
            'rpc-contract/pyproject.toml names.'
        )
    return 1 if lacks else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
