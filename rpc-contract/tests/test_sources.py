# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pathlib
import tarfile
import zipfile

import fixtures

from rpc_contract import reading
from rpc_contract import sources
from tests import base


class SourcesTest(base.TestCase):
    def read(self, spec: str, name: str = 'cellar/api.py') -> str:
        with sources.opened(spec, self.tree.top) as top:
            text = (top / name).read_text('utf-8')
            self.opened = top
        return text

    def refused(self, spec: str) -> str:
        error = self.assertRaises(reading.Unusable, self.read, spec)
        return str(error)

    def wheel(self, **members: str) -> str:
        path = self.tree.top / 'cellar-1-py3-none-any.whl'
        with zipfile.ZipFile(path, 'w') as archive:
            for name, text in members.items():
                archive.writestr(name, text)
        return str(path)

    def sdist(self, *members: tarfile.TarInfo, text: str = 'x = 1\n') -> str:
        path = self.tree.top / 'cellar-1.tar.gz'
        with tarfile.open(path, 'w:gz') as archive:
            for member in members:
                member.size = len(text) if member.isreg() else 0
                archive.addfile(member, io.BytesIO(text.encode()))
        return str(path)

    def test_directory(self) -> None:
        self.tree.write('cellar/api.py', 'x = 1')

        self.assertEqual('x = 1', self.read(str(self.tree.top)))
        self.assertTrue(self.opened.exists())

    def test_git_revision(self) -> None:
        self.tree.git('init', '--quiet')
        self.tree.write('cellar/api.py', 'x = 1')
        self.tree.git('add', '.')
        self.tree.git('commit', '--quiet', '-m', 'One')
        self.tree.git('tag', 'one')
        self.tree.write('cellar/api.py', 'x = 2')
        self.tree.git('commit', '--quiet', '-am', 'Two')
        self.tree.write('cellar/api.py', 'x = 3')

        self.assertEqual('x = 1', self.read('one'))
        self.assertEqual('x = 1', self.read('HEAD~1'))
        self.assertEqual('x = 2', self.read('HEAD'))
        self.assertFalse(self.opened.exists(), 'it is left behind')

    def test_revision_of_a_tree_within_a_repository(self) -> None:
        self.tree.git('init', '--quiet')
        self.tree.write('sub/cellar/api.py', 'x = 1')
        self.tree.git('add', '.')
        self.tree.git('commit', '--quiet', '-m', 'One')

        with sources.opened('HEAD', self.tree.top / 'sub') as top:
            self.assertTrue((top / 'cellar/api.py').exists())

    def test_what_is_no_revision(self) -> None:
        self.tree.git('init', '--quiet')

        self.assertIn('"nonsense" is no directory', self.refused('nonsense'))
        self.assertIn('"--help"', self.refused('--help'))

    def test_no_repository(self) -> None:
        self.assertIn('not a git repository', self.refused('HEAD'))

    def test_no_git(self) -> None:
        self.useFixture(fixtures.EnvironmentVariable('PATH', ''))

        self.assertIn('git is not installed', self.refused('HEAD'))

    def test_wheel(self) -> None:
        wheel = self.wheel(
            **{
                'cellar/__init__.py': '',
                'cellar/api.py': 'x = 1',
                'cellar/image.png': 'no source',
                'cellar-1.dist-info/METADATA': '',
            }
        )

        self.assertEqual('x = 1', self.read(wheel))
        with sources.opened(wheel, self.tree.top) as top:
            files = [p for p in top.rglob('*') if p.is_file()]
        self.assertEqual(2, len(files), files)

    def test_sdist(self) -> None:
        sdist = self.sdist(
            tarfile.TarInfo('cellar-1/cellar/__init__.py'),
            tarfile.TarInfo('cellar-1/cellar/api.py'),
            tarfile.TarInfo('cellar-1/setup.py'),
        )

        self.assertEqual('x = 1\n', self.read(sdist))

    def test_what_would_be_written_elsewhere(self) -> None:
        for name in ('../evil.py', '/tmp/evil.py', 'a/../../evil.py'):
            self.assertIn(
                'outside the target directory',
                self.refused(self.wheel(**{name: ''})),
            )
            self.assertIn(
                'outside the target directory',
                self.refused(self.sdist(tarfile.TarInfo(name))),
            )

    def test_links_are_left_out(self) -> None:
        link = tarfile.TarInfo('cellar/api.py')
        link.type, link.linkname = tarfile.SYMTYPE, '/etc/passwd'
        sdist = self.sdist(tarfile.TarInfo('cellar/__init__.py'), link)

        with sources.opened(sdist, self.tree.top) as top:
            self.assertFalse((top / 'cellar/api.py').exists())
            self.assertFalse((top / 'cellar/api.py').is_symlink())

    def test_special_files_are_left_out(self) -> None:
        special = tarfile.TarInfo('cellar/api.py')
        for kind in tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.LNKTYPE:
            special.type, special.linkname = kind, 'cellar/__init__.py'
            sdist = self.sdist(tarfile.TarInfo('cellar/__init__.py'), special)

            with sources.opened(sdist, self.tree.top) as top:
                self.assertFalse((top / 'cellar/api.py').exists())

    def test_owner_and_mode_are_ours(self) -> None:
        member = tarfile.TarInfo('cellar/api.py')
        member.mode, member.uid, member.gid = 0o6777, 4711, 4711

        with sources.opened(self.sdist(member), self.tree.top) as top:
            found = (top / 'cellar/api.py').stat()
        self.assertEqual(os.geteuid(), found.st_uid)
        self.assertEqual(0, found.st_mode & 0o7111)

    def test_names_that_cannot_be_together(self) -> None:
        for names in (
            ('cellar/a.py', 'cellar/a.py/b.py'),
            ('cellar/a.py/b.py', 'cellar/a.py'),
            (f'{"n" * 300}.py',),
            ('cellar/a\0.py/b.py',),
        ):
            members = [tarfile.TarInfo(name) for name in names]
            for member in members:
                member.pax_headers = {'path': member.name}

            self.assertIn('Cannot unpack', self.refused(self.sdist(*members)))

    def test_more_than_any_package_has(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch('rpc_contract.sources.MOST_BYTES', 5)
        )

        self.assertIn(
            'has more than', self.refused(self.wheel(**{'a.py': 'x = 1\n'}))
        )
        self.assertIn(
            'has more than',
            self.refused(self.sdist(tarfile.TarInfo('cellar/a.py'))),
        )

    def test_broken(self) -> None:
        for name in ('cellar.whl', 'cellar.tar.gz'):
            path = self.tree.write(name, 'no archive')

            self.assertIn('Cannot unpack', self.refused(str(path)))

    def test_cut_off_anywhere(self) -> None:
        members = ('cellar/__init__.py', 'cellar/api.py', 'cellar/image.png')
        file = pathlib.Path(
            self.sdist(*map(tarfile.TarInfo, members), text='x = 1\n' * 300)
        )
        packed = file.read_bytes()
        plain = gzip.decompress(packed)
        whole = len(plain.rstrip(b'\0'))
        cases = [
            ('cellar.tar.gz', packed, range(len(packed))),
            ('cellar.tar', plain, range(0, whole, 97)),
            ('cellar.tar.bz2', bz2.compress(plain), range(0, 150, 7)),
            ('cellar.tar.xz', lzma.compress(plain), range(0, 150, 7)),
        ]
        for name, data, ends in cases:
            for end in ends:
                path = self.tree.top / name
                path.write_bytes(data[:end])
                with self.subTest(name, end=end):
                    self.assertIn('Cannot unpack', self.refused(str(path)))

    def test_changed_anywhere(self) -> None:
        members = ('cellar/__init__.py', 'cellar/api.py')
        file = pathlib.Path(self.sdist(*map(tarfile.TarInfo, members)))
        packed = file.read_bytes()
        # Behind its header, which has a time and a name.
        for place in range(30, len(packed)):
            data = bytearray(packed)
            data[place] ^= 0x55
            file.write_bytes(data)
            with self.subTest(place):
                self.assertIn('Cannot unpack', self.refused(str(file)))

    def test_damaged_header_is_not_the_end(self) -> None:
        members = ('cellar/__init__.py', 'cellar/api.py', 'cellar/b.py')
        file = pathlib.Path(self.sdist(*map(tarfile.TarInfo, members)))
        data = bytearray(gzip.decompress(file.read_bytes()))
        at = data.index(b'cellar/api.py')
        data[at] ^= 0x55
        file.write_bytes(gzip.compress(data))

        self.assertIn('damaged header', self.refused(str(file)))

    def test_wheel_that_is_damaged(self) -> None:
        wheel = pathlib.Path(self.wheel(**{'cellar/a.py': 'x = 1\n' * 300}))
        with zipfile.ZipFile(wheel, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('cellar/a.py', 'x = 1\n' * 300)
        whole = wheel.read_bytes()
        data = bytearray(whole)
        data[45] ^= 0x55
        wheel.write_bytes(data)
        self.assertIn('Cannot unpack', self.refused(str(wheel)))

        # Bit 0 of the flags, in both headers: it is encrypted.
        data = bytearray(whole)
        data[6] |= 1
        data[whole.index(b'PK\x01\x02') + 8] |= 1
        wheel.write_bytes(data)
        self.assertIn('encrypted', self.refused(str(wheel)))

    def test_limits_count_what_is_not_read_too(self) -> None:
        for limit, value in (('MOST_FILES', 2), ('MOST_BYTES', 20_000)):
            self.useFixture(
                fixtures.MonkeyPatch(f'rpc_contract.sources.{limit}', value)
            )
            members = [tarfile.TarInfo(f'cellar/{n}.png') for n in range(3)]
            sdist = self.sdist(*members, text='x' * 9000)
            with self.subTest(limit):
                self.assertIn('has more than', self.refused(sdist))
        self.useFixture(
            fixtures.MonkeyPatch('rpc_contract.sources.MOST_FILES', 2)
        )
        wheel = self.wheel(**{f'cellar/{n}.png': '' for n in range(3)})
        self.assertIn('has more than', self.refused(wheel))

    def test_limits_are_for_a_revision_too(self) -> None:
        self.tree.write('cellar/api.py', 'x = 1\n' * 20_000)
        self.tree.commit()
        self.useFixture(
            fixtures.MonkeyPatch('rpc_contract.sources.MOST_BYTES', 20_000)
        )

        self.assertIn('has more than', self.refused('HEAD'))

    def test_other_file(self) -> None:
        path = self.tree.write('cellar.rpm', 'no archive')

        self.assertIn('is not a package', self.refused(str(path)))

    def test_file_that_is_not_there(self) -> None:
        self.assertEqual(
            'There is no file cellar-2.whl.', self.refused('cellar-2.whl')
        )

    def test_top_of_the_tree_is_not_needed_for_a_wheel(self) -> None:
        wheel = self.wheel(**{'cellar/api.py': 'x = 1'})

        with sources.opened(wheel, pathlib.Path('/nowhere')) as top:
            self.assertTrue((top / 'cellar/api.py').exists())
