"""`chargewire certs`: certificates of a small site or a test, as files in one directory."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from cyclopts import App, Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from chargewire.certificates import Authority, Issued

certs = App(name="certs", help="Make certificates for security profiles 2 and 3.")

Directory = Annotated[Path, Parameter(help="Where the files are.")]
Days = Annotated[int, Parameter(help="How long it is valid.", validator=Number(gte=1, lte=36500))]
Kind = Annotated[Literal["rsa", "ecdsa"], Parameter(help="Kind of the key.")]
Force = Annotated[bool, Parameter(negative="", help="Replace files that exist.")]

_DEFAULT = Path("certs")
_PUBLIC, _SECRET = 0o644, 0o600


@certs.command
def ca(
    *,
    organization: str,
    directory: Directory = _DEFAULT,
    days: Days = 3650,
    key_type: Kind = "rsa",
    force: Force = False,
) -> int:
    """Make a certificate authority: ca.pem, its key ca.key, and an empty revocation list crl.pem.

    Args:
        organization: Name of the operator: O of this certificate and of those that it issues.
    """

    def run() -> dict[Path, bytes]:
        from chargewire.certificates import Authority, KeyType, create_authority

        paths = directory / "ca.pem", directory / "ca.key", directory / "crl.pem"
        _check_absent(paths, force=force)
        now = datetime.now(UTC)
        issued = create_authority(organization, now=now, days=days, key_type=KeyType(key_type))
        revocations = Authority(issued.certificate, issued.key).revoke([], now=now)
        return dict(zip(paths, (issued.certificate, issued.key, revocations), strict=True))

    return _run(run)


@certs.command
def server(*hosts: str, directory: Directory = _DEFAULT, days: Days = 825, force: Force = False) -> int:
    """Make the certificates of a CSMS: server-rsa.pem and server-ecdsa.pem, each with its key. Serve both on one port.

    Args:
        hosts: Names and IP addresses that stations connect to.
    """

    def run() -> dict[Path, bytes]:
        from chargewire.certificates import KeyType

        if not hosts:
            raise ValueError("name at least one host")
        pairs = {kind: _pair(directory, f"server-{kind}") for kind in KeyType}
        _check_absent((path for pair in pairs.values() for path in pair), force=force)
        authority, now = _authority(directory), datetime.now(UTC)
        written: dict[Path, bytes] = {}
        for kind, pair in pairs.items():
            written |= _contents(pair, authority.issue_server(hosts, now=now, days=days, key_type=kind))
        return written

    return _run(run)


@certs.command
def station(
    *identities: str,
    organization: str | None = None,
    directory: Directory = _DEFAULT,
    days: Days = 825,
    key_type: Kind = "ecdsa",
    force: Force = False,
) -> int:
    """Make the certificate of each station: station-IDENTITY.pem and its key.

    Args:
        identities: Of the stations, as in their URL.
        organization: Name of the operator, if it is not that of the authority.
    """

    def run() -> dict[Path, bytes]:
        from chargewire.certificates import KeyType

        if not identities:
            raise ValueError("name at least one station")
        pairs = {identity: _station_pair(directory, identity) for identity in identities}
        _check_absent((path for pair in pairs.values() for path in pair), force=force)
        authority, now = _authority(directory), datetime.now(UTC)
        written: dict[Path, bytes] = {}
        for identity, pair in pairs.items():
            issued = authority.issue_station(
                identity, now=now, days=days, key_type=KeyType(key_type), organization=organization
            )
            written |= _contents(pair, issued)
        return written

    return _run(run)


@certs.command
def revoke(*identities: str, directory: Directory = _DEFAULT, days: Days = 365) -> int:
    """Write the revocation list crl.pem anew, with the present certificates of these stations added to it.

    Without a station it is only renewed, which it must be before it expires: then no station gets in.

    Args:
        identities: Of the stations.
    """

    def run() -> dict[Path, bytes]:
        path = directory / "crl.pem"
        revoked = [_station_pair(directory, identity)[0].read_bytes() for identity in identities]
        previous = path.read_bytes() if path.exists() else None
        authority = _authority(directory)
        return {path: authority.revoke(revoked, now=datetime.now(UTC), days=days, previous=previous)}

    return _run(run)


def _run(command: Callable[[], Mapping[Path, bytes]]) -> int:
    """Write what a command makes; what went wrong is one line."""
    try:
        for path, content in command().items():
            _write(path, content)
            print(f"wrote {path}")  # noqa: T201
    except OSError as exc:
        print(f"chargewire: {exc.filename}: {exc.strerror}", file=sys.stderr)  # noqa: T201
        return 1
    except ValueError as exc:
        print(f"chargewire: {exc}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _write(path: Path, content: bytes) -> None:
    """Put a file in its place at once, and a key never where others may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)  # for its owner only
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).chmod(_SECRET if path.suffix == ".key" else _PUBLIC)
    Path(temporary).replace(path)


def _check_absent(paths: Iterable[Path], *, force: bool) -> None:
    if not force and (existing := [str(path) for path in paths if path.exists()]):
        raise ValueError(f"exists already: {', '.join(existing)}; --force replaces")


def _authority(directory: Path) -> Authority:
    from chargewire.certificates import Authority

    certificate, key = directory / "ca.pem", directory / "ca.key"
    if not certificate.exists() or not key.exists():
        raise ValueError(f"{directory}: no authority here; make one with `chargewire certs ca`")
    try:
        return Authority(certificate.read_bytes(), key.read_bytes())
    except ValueError as exc:
        raise ValueError(f"{certificate}, {key}: {exc}") from None


def _station_pair(directory: Path, identity: str) -> tuple[Path, Path]:
    return _pair(directory, f"station-{quote(identity, safe=' ')}")


def _pair(directory: Path, name: str) -> tuple[Path, Path]:
    return directory / f"{name}.pem", directory / f"{name}.key"


def _contents(pair: Sequence[Path], issued: Issued) -> dict[Path, bytes]:
    certificate, key = pair
    return {certificate: issued.certificate, key: issued.key}
