"""Whether a lock on a folder holds on every machine that shares it, as far as Linux tells how the folder is mounted."""

from __future__ import annotations

import re
from pathlib import Path

HERE_ONLY = {"9p", "vboxsf", "prl_fs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse", "fuse.vmhgfs-fuse"}
"""File systems that keep locks to the machine that takes them."""
SWITCHED_OFF = {"nolock", "local_lock=all", "local_lock=flock", "nobrl"}
"""Options of NFS and SMB mounts that do the same."""
MOUNTS = Path("/proc/self/mountinfo")


def locks_end_here(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of file system `folder` lies on, where other machines may share it and do not see its locks;
    else None."""
    there, kind, options = Path("/"), "", set[str]()
    for line in mounts.read_text(errors="surrogateescape").splitlines() if mounts.exists() else []:
        place, found, its_options = _mount(line)
        # The deepest mount counts, and of several at one place the last.
        if folder.resolve().is_relative_to(place) and place.is_relative_to(there):
            there, kind, options = place, found, its_options
    return kind if kind in HERE_ONLY or options & SWITCHED_OFF else None


def _mount(line: str) -> tuple[Path, str, set[str]]:
    """Place, kind and options of a line of mountinfo (proc(5)): a dash ends the fields whose number varies."""
    before, _, after = line.partition(" - ")
    place, own = before.split()[4:6]
    kind, _, common = after.split(" ", 2)
    plain = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place)
    return Path(plain), kind, {*own.split(","), *common.split(",")}
