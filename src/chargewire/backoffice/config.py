"""What an operator may set, as one frozen value. Knows nothing about command lines, and opens nothing.

Every setting has one name in three spellings: ``ocpp`` here, ``--ocpp`` on the command line and ``CHARGEWIRE_OCPP`` in
the environment. The command line wins over the environment. A name nobody knows is refused: a misspelt setting that is
silently ignored is found on the worst day.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from chargewire.backoffice.domain import UnknownStations, UnknownTokens

PREFIX = "CHARGEWIRE_"
_RESERVED_PREFIX = "CHARGEWIRE_TEST_"  # read by the test suite, which starts the service with its own environment

_MAX_PORT = 65535
_MIN_PUBLIC_TOKEN = 20  # characters; with fewer, a token reachable from a network can be guessed


class ConfigError(ValueError):
    """A setting is no good. The message opens with its name as the operator wrote it."""


class Address(NamedTuple):
    """Where to listen. Port 0 lets the operating system choose."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Only this machine can connect."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of the management system.

    Attributes:
        http: where the portal and the API listen. On this machine only, as long as there is no TLS.
        ocpp: where stations connect. On this machine only, as long as there is no TLS.
        database: URL of the database. A file in the current directory needs no other service.
        unknown_stations: what becomes of a station that is not on record. It may connect, and does no business before
            an operator admits it.
        unknown_tokens: what becomes of an id token that is not on record. Nobody charges for free by accident.
        admin_token: bearer token of the API; ``None`` takes the one generated at the first start, which nobody guesses.
        insecure_public: listen on public addresses without TLS; the operator guards the network otherwise. Nobody does
            that by accident.
    """

    http: Address = Address("127.0.0.1", 8080)
    ocpp: Address = Address("127.0.0.1", 9000)
    database: str = "sqlite:///chargewire.db"
    unknown_stations: UnknownStations = UnknownStations.PENDING
    unknown_tokens: UnknownTokens = UnknownTokens.REFUSE
    admin_token: str | None = None
    insecure_public: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be unsafe by accident.

        Raises:
            ConfigError: a public address, and ``insecure_public`` is not set; or a token too short for one.
        """
        addresses = {"http": self.http, "ocpp": self.ocpp}
        public = [f"{name} {address}" for name, address in addresses.items() if not address.is_loopback]
        if not public:
            return
        where = " and ".join(public)
        if not self.insecure_public:
            risks = "anybody on the way can read and change what is sent, because there is no TLS"
            if self.unknown_stations is UnknownStations.AUTO:
                risks += ", and anybody can add stations, because unknown ones are admitted"
            raise ConfigError(
                f"{where}: can be reached from other machines, and {risks}. Listen on 127.0.0.1 behind a proxy that "
                "speaks TLS, or say --insecure-public (CHARGEWIRE_INSECURE_PUBLIC=true) if the network itself is safe."
            )
        if self.admin_token is not None and len(self.admin_token) < _MIN_PUBLIC_TOKEN:
            raise ConfigError(
                f"admin_token: needs at least {_MIN_PUBLIC_TOKEN} characters, "
                f"because {where} can be reached from other machines"
            )

    def __repr__(self) -> str:
        """Show the settings, without the secret one."""
        shown = (f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "admin_token")
        return f"Config({', '.join(shown)})"


def load(arguments: Mapping[str, str | bool | None], environ: Mapping[str, str]) -> Config:
    """Read the settings from the command line and the environment.

    Args:
        arguments: by field name; ``None`` stands for an option that was not given.
        environ: the environment; only names that begin with ``CHARGEWIRE_`` are looked at.

    Raises:
        ConfigError: a value is no good, or a name is unknown.
    """
    settings: dict[str, Any] = {}
    for name, text in environ.items():
        if name.startswith(PREFIX) and not name.startswith(_RESERVED_PREFIX):
            field = name.removeprefix(PREFIX).lower()
            if field not in _PARSERS or name != name.upper():
                known = ", ".join(f"{PREFIX}{field.upper()}" for field in _PARSERS)
                raise ConfigError(f"{name}: is not a setting; there is {known}")
            settings[field] = _parse(field, text, name)
    for field, value in arguments.items():
        if value is not None:
            text = value if isinstance(value, str) else str(value).lower()
            settings[field] = _parse(field, text, f"--{field.replace('_', '-')}")
    return Config(**settings)


def parse_address(text: str) -> Address:
    """Read ``HOST:PORT``; an IPv6 host stands in brackets.

    Raises:
        ValueError: it is something else.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if bracketed:
        host = host[1:-1]
    if not colon or not host or (":" in host) != bracketed or any(c.isspace() or c in "/@" for c in host):
        raise ValueError(f"expected HOST:PORT, got {text!r}")
    if not (port.isascii() and port.isdecimal()) or int(port) > _MAX_PORT:
        raise ValueError(f"expected HOST:PORT with a port from 0 to {_MAX_PORT}, got {text!r}")
    return Address(host, int(port))


def _parse(field: str, text: str, name: str) -> Any:
    try:
        return _PARSERS[field](text.strip())
    except ValueError as exc:
        raise ConfigError(f"{name}: {exc}") from None


def _parse_database(text: str) -> str:
    scheme, separator, _ = text.partition("://")
    if not separator or not scheme:
        raise ValueError(f"expected a URL such as sqlite:///chargewire.db, got {_without_password(text)!r}")
    return text


def _parse_token(text: str) -> str:
    # The token travels in an HTTP header (RFC 6750, 2.1).
    if not text:
        raise ValueError("is empty; leave it unset to have one generated")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("may only hold printable ASCII characters without spaces")
    return text


def _parse_bool(text: str) -> bool:
    match text.lower():
        case "true" | "1" | "yes":
            return True
        case "false" | "0" | "no":
            return False
        case _:
            raise ValueError(f"expected true or false, got {text!r}")


def _one_of(enum: type[UnknownStations | UnknownTokens]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        try:
            return enum(text)
        except ValueError:
            raise ValueError(f"expected {', '.join(enum)}; got {text!r}") from None

    return parse


def _without_password(text: str) -> str:
    return text.rpartition("@")[2]


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "http": parse_address,
    "ocpp": parse_address,
    "database": _parse_database,
    "unknown_stations": _one_of(UnknownStations),
    "unknown_tokens": _one_of(UnknownTokens),
    "admin_token": _parse_token,
    "insecure_public": _parse_bool,
}
