"""`chargewire certs`: a directory of files that TLS accepts, and nothing overwritten by accident."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chargewire import KeyPair, ServerTls, client_context


def certs(directory: Path, *arguments: str, succeeds: bool = True) -> str:
    """Run a command; return what it says, wherever it says it."""
    done = subprocess.run(
        (sys.executable, "-c", "from chargewire.cli import main; main()", "certs", *arguments),
        cwd=directory, env=os.environ | {"COLUMNS": "200"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an authority has its files, in the directory ``certs``."""
    directory = tmp_path_factory.mktemp("site")
    certs(directory, "ca", "--organization", "Acme", "--key-type", "ecdsa")
    return directory


def test_an_authority_issues_what_both_sides_need(site: Path) -> None:
    certs(site, "server", "localhost", "127.0.0.1")
    said = certs(site, "station", "CP001", "a/b")
    assert said.splitlines()[0] == f"wrote {Path('certs/station-CP001.pem')}"
    files = site / "certs"
    ServerTls(
        KeyPair(files / "server-rsa.pem", files / "server-rsa.key"),
        KeyPair(files / "server-ecdsa.pem", files / "server-ecdsa.key"),
        client_ca=files / "ca.pem",
        revocations=files / "crl.pem",
        organization="Acme",
    )
    for station in ("station-CP001", "station-a%2Fb"):
        client_context(ca=files / "ca.pem", key_pair=KeyPair(files / f"{station}.pem", files / f"{station}.key"))


def test_a_private_key_is_for_its_owner_only(site: Path) -> None:
    certs(site, "station", "SECRET")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (site / "certs").iterdir()}
    assert {mode for name, mode in modes.items() if name.endswith(".key")} == {0o600}
    assert {mode for name, mode in modes.items() if name.endswith(".pem")} == {0o644}


def test_nothing_is_overwritten_unless_told_to(site: Path) -> None:
    path = site / "certs" / "ca.pem"
    before = path.read_bytes()
    assert "ca.pem" in certs(site, "ca", "--organization", "Acme", succeeds=False)
    assert path.read_bytes() == before
    certs(site, "station", "TWICE")
    station = site / "certs" / "station-TWICE.pem"
    first = station.read_bytes()
    certs(site, "station", "NEW", "TWICE", succeeds=False)
    assert not (site / "certs" / "station-NEW.pem").exists()
    certs(site, "station", "TWICE", "--force")
    assert station.read_bytes() != first


def test_a_revocation_list_grows_and_is_renewed(site: Path) -> None:
    path = site / "certs" / "crl.pem"
    certs(site, "station", "LOST")
    sizes = [len(path.read_bytes())]
    for arguments in (("LOST",), ()):
        certs(site, "revoke", *arguments)
        sizes.append(len(path.read_bytes()))
    assert sizes[0] < sizes[1] == sizes[2]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("server",), "at least one host"),
        (("server", "--force", "https://x"), "neither a host name"),
        (("station",), "at least one station"),
        (("station", "x" * 49), "identity"),
        (("station", "CP009", "--directory", "elsewhere"), "certs ca"),
        (("station", "CP009", "--days", "0"), "--days"),
        (("revoke", "NOBODY"), "station-NOBODY.pem"),
        (("ca",), "--organization"),
    ],
)
def test_what_went_wrong_is_said_in_one_line(site: Path, arguments: tuple[str, ...], complaint: str) -> None:
    assert complaint in certs(site, *arguments, succeeds=False)


def test_a_broken_authority_is_named(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    for name in ("ca.pem", "ca.key"):
        (tmp_path / "certs" / name).write_text("nothing")
    assert "ca.pem" in certs(tmp_path, "station", "CP001", succeeds=False)
