"""What lies around a clinic's database: its folder, drive and rights, its key, its lists, its snapshot."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, select

from hipanalytics.clinic import schema
from hipanalytics.clinic.care.backup import ENDING
from hipanalytics.clinic.care.erasure import list_file, read_list
from hipanalytics.clinic.care.names import names_file
from hipanalytics.clinic.care.wiping import foreign_files
from hipanalytics.clinic.keys import key_file, read_key
from hipanalytics.clinic.places import Place, private_folder, refuse_network_folder

_LITTLE_SPACE: Final = 1 << 30
_OF_OTHERS, _OF_THE_GROUP = stat.S_IRWXO, stat.S_IRWXG


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: fine (True), not (False), or merely worth knowing (None)."""

    ok: bool | None
    title: str
    sentence: str


Findings = Iterator[Finding]


def look_at_place(where: Place) -> Findings:
    """Where is the clinic, and is it there at all?"""
    if where.folder is None:
        yield Finding(None, "Place", f"The clinic is on a server: {where}.")
    elif not where.folder.is_dir():
        yield Finding(False, "Place", f"There is no folder {where.folder}. Check the name (--clinic, or "
                      "HIPANALYTICS_CLINIC).")
    elif not where.database.is_file():
        yield Finding(False, "Place", f"There is no clinic in {where.folder}: the file {where.database.name} is "
                      "missing. Check the name, or bring back a backup to a new place (hipanalytics restore).")
    else:
        journal = Path(f"{where.database}-wal")
        waiting = f", and {size_words(journal.stat().st_size)} in its journal" if journal.exists() else ""
        yield Finding(None, "Place", f"{where.database}, {size_words(where.database.stat().st_size)}{waiting}.")


def look_at_drive(folder: Path) -> Findings:
    """Is it on this computer's own disk?"""
    refuse_network_folder(folder)
    yield Finding(True, "Drive", "The folder is on this computer's own disk.")


def look_at_rights(where: Place, folder: Path) -> Findings:
    """Who may read the clinic?"""
    if os.name == "nt":
        yield Finding(None, "Rights", "On Windows, look at the folder's properties for who may read it.")
        return
    excluded = _OF_OTHERS if where.group_may_use else _OF_OTHERS | _OF_THE_GROUP
    exposed = [path for path in (folder, *folder.iterdir()) if path.stat().st_mode & excluded]
    if exposed and exposed[0] == folder:
        whose = "o" if where.group_may_use else "go"
        yield Finding(False, "Rights", f"Other users of this computer may read {', '.join(map(str, exposed[:5]))}. "
                      f"Take that right away: chmod -R {whose}-rwx {folder}")
    else:
        yield Finding(True, "Rights", f"Only {'you and your group' if where.group_may_use else 'you'} may read the "
                      "clinic's folder.")


def look_at_space(where: Place, folder: Path) -> Findings:
    """Is there room for imports and backups?"""
    free = shutil.disk_usage(folder).free
    needed = max(_LITTLE_SPACE, 2 * where.database.stat().st_size)
    to_do = "" if free >= needed else f" Make room: {size_words(needed)} should be free for imports and backups."
    yield Finding(free >= needed, "Space", f"{size_words(free)} are free on the clinic's disk.{to_do}")


def look_at_other_files(folder: Path) -> Findings:
    """What lies in the folder that is not the clinic's?"""
    others = foreign_files(folder)
    if others:
        more = f" and {len(others) - 10} more" if len(others) > 10 else ""
        is_backup = any(each.endswith(ENDING) for each in others)
        yield Finding(False, "Other files", "In the clinic's folder lie files that are not its own, put there or left "
                      f"by an interrupted step: {', '.join(others[:10])}{more}. Remove them if nobody needs them."
                      + (" Keep backups elsewhere, at best on another disk." if is_backup else ""))


def look_at_key(clinic_id: str, fingerprint: str) -> Findings:
    """Is the clinic's secret key here, and is it the right one?"""
    read_key(clinic_id, fingerprint)
    path = key_file(clinic_id)
    yield _private(path, "Key", f"The clinic's secret key is {path}. Keep a copy of it apart from the backups: without "
                   "it, no identifier can be turned into the same pseudonym again.")


def look_at_erasures(connection: Connection, clinic_id: str) -> Findings:
    """Is everyone who was erased remembered, in the clinic and outside it?"""
    own = set(connection.execute(select(schema.erasures.c.keyed_hash)).scalars())
    listed = {entry["keyed_hash"] for entry in read_list(clinic_id) or ()}
    path = list_file(clinic_id)
    if not own | listed:
        yield Finding(None, "Erasures", "Nobody was erased.")
    elif own - listed:
        yield Finding(False, "Erasures", f"Patients erased: {len(own):,}. The list on this computer, {path}, lacks "
                      f"{len(own - listed):,} of them. Make a backup: that completes it.")
    else:
        yield _private(path, "Erasures", f"Patients erased: {len(own):,}; {path} remembers them. Keep a copy of it "
                       "with that of the key.")


def look_at_names(clinic_id: str) -> Findings:
    """Is there a name list on this computer?"""
    path = names_file(clinic_id)
    if path.exists():
        yield _private(path, "Name list", f"{path}. It is in no backup; keep a copy of it where only you can read it.")
    else:
        yield Finding(None, "Name list", "There is none on this computer.")


def look_at_snapshot(connection: Connection, folder: Path) -> Findings:
    """Is the snapshot, from which all patients are read, up to date?"""
    change = connection.execute(select(schema.clinic.c.log_change)).scalar_one()
    token = connection.execute(select(schema.log_changes.c.token).where(schema.log_changes.c.change == change)).scalar()
    manifest = folder / "snapshot.json"
    if not manifest.exists():
        yield Finding(None, "Snapshot", f"There is none in {folder} yet; it is made when all patients are next read.")
        return
    held = json.loads(manifest.read_text(encoding="utf-8"))
    size = size_words(sum(each.stat().st_size for each in folder.glob("part-*")))
    is_fresh = held.get("change") == change and held.get("token") == (token or "")
    state = "up to date" if is_fresh else "behind; it is renewed when next read"
    yield Finding(None, "Snapshot", f"{folder}, {size}, {state}. It can be deleted at any time.")


def size_words(size: float) -> str:
    """A size as people read it."""
    power = next(each for each in (1, 2, 3, 4) if size < 1000 * 1024**each or each == 4)
    return f"{size / 1024**power:,.1f} {('KB', 'MB', 'GB', 'TB')[power - 1]}"


def _private(path: Path, title: str, sentence: str) -> Finding:
    exposed = [each for each in (path, private_folder())
               if os.name != "nt" and each.stat().st_mode & (_OF_OTHERS | _OF_THE_GROUP)]
    if not exposed:
        return Finding(True, title, sentence)
    return Finding(False, title, f"Other users of this computer may read {exposed[0]}. Take that right away: chmod "
                   f"go-rwx {exposed[0]}")
