"""Folders whose locks other machines do not see are told from those where a lock is a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.generations.mounts import locks_end_here

PLAIN = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"


@pytest.mark.parametrize(
    ("mount", "kind"),
    [
        ("30 27 0:40 / /srv/share rw - fuse.sshfs host:/data rw,user_id=0", "fuse.sshfs"),
        ("30 27 0:40 / /srv/share rw - nfs4 host:/data rw,vers=4.2,local_lock=none", None),
        ("30 27 0:40 / /srv/share rw - nfs host:/data rw,vers=3,nolock,local_lock=all", "nfs"),
        ("30 27 0:40 / /srv/share rw shared:1 - cifs //host/data rw,vers=3.1.1,nobrl", "cifs"),
        ("30 27 0:40 / /srv/share rw - cifs //host/data rw,vers=3.1.1", None),
        ("30 27 0:40 / /srv rw - fuse.sshfs host:/data rw\n31 30 0:41 / /srv/share rw - xfs /dev/vdb rw", None),
        ("30 27 0:40 / /srv/shared rw - fuse.sshfs host:/data rw", None),
        (r"30 27 0:40 / /srv/share/my\040data rw - 9p host rw,trans=virtio", "9p"),
    ],
)
def test_the_mount_a_folder_lies_on_decides(tmp_path: Path, mount: str, kind: str | None) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"{PLAIN}\n{mount}\n")
    assert locks_end_here(Path("/srv/share/my data/warehouse"), mounts) == kind


def test_a_system_that_does_not_tell_is_trusted(tmp_path: Path) -> None:
    assert locks_end_here(tmp_path, tmp_path / "nothing") is None
