"""A real PostgreSQL of the machine's own binaries, in a temporary folder, for as long as the tests run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "Geh31m-w0rt"
SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60",
            "listen_addresses": "127.0.0.1", "timezone": "UTC"}


def find_binaries() -> Path | None:
    """The folder of the newest server on this machine, or None."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda path: int(path.parent.name), default=None)


class Server:
    """A server that listens on this machine alone; its superuser is `postgres`."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def address(self, name: str, *, user: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str, name: str = "postgres") -> list[tuple[Any, ...]]:
        """One statement by the superuser, outside a transaction."""
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, template: str = "template0") -> str:
        """The name of a fresh database, empty or a copy."""
        name = f"clinic_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def running_server(binaries: Path) -> Iterator[Server]:
    """Start a server, and stop it whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="hipanalytics-postgres-"))
    owner = _ordinary_user()
    try:
        if owner:
            shutil.chown(folder, owner["user"], owner["group"])
        data = _make_cluster(binaries, folder, owner)
        port = _free_port()
        options = {**SETTINGS, "unix_socket_directories": str(folder), "port": str(port)}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
                stdout=log, stderr=log, cwd=folder, **owner)
        try:
            server = Server(port, process)
            _wait_for(server, folder / "log")
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; everyone else runs it as themselves."""
    if os.getuid() != 0:
        return {}
    known = {each.pw_name: each for each in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _make_cluster(binaries: Path, folder: Path, owner: dict[str, Any]) -> Path:
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "--no-sync", "--encoding=UTF8", "--locale=C",
         "--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}"],
        check=True, capture_output=True, cwd=folder, **owner)
    return folder / "data"


def _wait_for(server: Server, log: Path) -> None:
    for _ in range(300):
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            if server.process.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
