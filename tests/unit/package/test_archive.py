"""The archive: the same files give the same bytes; what leads outside or is no package is refused."""

import os
import zipfile

import pytest

from citypanel.errors import InputError
from citypanel.package.archive import MANIFEST, read_manifest, unpack, write_files, write_manifest, write_zip
from citypanel.receipts import sha256

FILES = {"b/two.csv": b"x\n1\n", "README.md": b"# Title\n", "a/one.parquet": bytes(range(256))}


def packed(folder, files, when):
    write_files(folder, files)
    write_manifest(folder)
    for path in folder.rglob("*"):
        os.utime(path, (when, when))
        path.chmod(0o700)
    write_zip(folder, folder.with_suffix(".zip"))
    return folder.with_suffix(".zip")


def test_order_day_and_permissions_leave_no_trace(tmp_path) -> None:
    one = packed(tmp_path / "one", FILES, 1_000_000_000)
    two = packed(tmp_path / "two", dict(reversed(FILES.items())), 1_700_000_000)
    assert one.read_bytes() == two.read_bytes()


def test_the_manifest_lists_every_file_but_itself_with_size_and_hash(tmp_path) -> None:
    packed(tmp_path / "one", FILES, 1_000_000_000)
    found = read_manifest((tmp_path / "one" / MANIFEST).read_text(encoding="utf-8"), "m")
    assert list(found) == ["README.md", "a/one.parquet", "b/two.csv"]
    assert found["README.md"].bytes == 8
    assert found["b/two.csv"].sha256 == sha256(tmp_path / "one" / "b" / "two.csv")


def test_what_is_unpacked_is_what_was_packed(tmp_path) -> None:
    archive = packed(tmp_path / "one", FILES, 1_000_000_000)
    unpack(archive, tmp_path / "room")
    assert {name: (tmp_path / "room" / name).read_bytes() for name in FILES} == FILES


def test_a_folder_that_holds_something_is_refused(tmp_path) -> None:
    archive = packed(tmp_path / "one", FILES, 1_000_000_000)
    with pytest.raises(InputError, match="is not empty; a package is rebuilt in a folder of its own"):
        unpack(archive, tmp_path / "one")


def test_an_entry_that_leads_outside_is_refused(tmp_path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../outside.txt", "x")
    with pytest.raises(InputError, match=r"the entry '\.\./outside\.txt' leads outside the package"):
        unpack(tmp_path / "bad.zip", tmp_path / "room")
    assert not (tmp_path / "outside.txt").exists()


def test_what_is_no_package_is_told(tmp_path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(InputError, match="is no package"):
        unpack(tmp_path / "x.zip", tmp_path / "room")
    with pytest.raises(InputError, match="found columns file, size; allowed: path, bytes, sha256"):
        read_manifest("file,size\n", "m")


def test_an_archive_makes_its_folder_and_is_refused_where_none_can_be(tmp_path) -> None:
    write_files(tmp_path / "one", FILES)
    write_zip(tmp_path / "one", tmp_path / "new" / "folder" / "x.zip")
    assert (tmp_path / "new" / "folder" / "x.zip").is_file()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"x.zip: the package cannot be written \(.*\)"):
        write_zip(tmp_path / "one", tmp_path / "file" / "x.zip")
