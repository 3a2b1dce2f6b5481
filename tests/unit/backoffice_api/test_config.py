"""Settings: where they come from, and which are refused."""

from __future__ import annotations

import pytest

from chargewire.backoffice.config import Address, Config, ConfigError, load, parse_address
from chargewire.backoffice.domain import UnknownStations, UnknownTokens

LONG_TOKEN = "x" * 20


def test_everything_stays_on_this_machine_unless_told_otherwise() -> None:
    config = load({}, {})
    assert config == Config()
    assert config.http.is_loopback
    assert config.ocpp.is_loopback
    assert config.unknown_stations is UnknownStations.PENDING
    assert config.unknown_tokens is UnknownTokens.REFUSE
    assert config.admin_token is None


def test_the_environment_has_a_name_for_every_setting() -> None:
    environment = {
        "CHARGEWIRE_HTTP": "127.0.0.1:81",
        "CHARGEWIRE_OCPP": "[::1]:91",
        "CHARGEWIRE_DATABASE": "sqlite:////var/lib/chargewire.db",
        "CHARGEWIRE_UNKNOWN_STATIONS": "auto",
        "CHARGEWIRE_UNKNOWN_TOKENS": "accept",
        "CHARGEWIRE_ADMIN_TOKEN": "secret",
        "CHARGEWIRE_INSECURE_PUBLIC": "true",
        "PATH": "/bin",
        "CHARGEWIRE_TEST_POSTGRES": "postgresql://",
    }
    assert load({}, environment) == Config(
        http=Address("127.0.0.1", 81),
        ocpp=Address("::1", 91),
        database="sqlite:////var/lib/chargewire.db",
        unknown_stations=UnknownStations.AUTO,
        unknown_tokens=UnknownTokens.ACCEPT,
        admin_token="secret",
        insecure_public=True,
    )


def test_the_command_line_wins() -> None:
    environment = {"CHARGEWIRE_HTTP": "127.0.0.1:81", "CHARGEWIRE_OCPP": "127.0.0.1:91"}
    config = load({"http": "localhost:82", "ocpp": None}, environment)
    assert (config.http, config.ocpp) == (Address("localhost", 82), Address("127.0.0.1", 91))


@pytest.mark.parametrize("name", ["CHARGEWIRE_HTPP", "CHARGEWIRE_", "CHARGEWIRE_http"])
def test_a_name_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: is not a setting; there is CHARGEWIRE_HTTP, "):
        load({}, {name: "127.0.0.1:80"})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CHARGEWIRE_OCPP", "9000", "CHARGEWIRE_OCPP: expected HOST:PORT, got '9000'"),
        ("CHARGEWIRE_OCPP", "ws://127.0.0.1:9000", "CHARGEWIRE_OCPP: expected HOST:PORT, got"),
        ("CHARGEWIRE_HTTP", "127.0.0.1:http", "CHARGEWIRE_HTTP: expected HOST:PORT with a port from 0 to 65535, got"),
        ("CHARGEWIRE_HTTP", "127.0.0.1:65536", "CHARGEWIRE_HTTP: expected HOST:PORT with a port"),
        ("CHARGEWIRE_HTTP", "127.0.0.1:", "CHARGEWIRE_HTTP: expected HOST:PORT"),
        ("CHARGEWIRE_HTTP", "::1:80", "CHARGEWIRE_HTTP: expected HOST:PORT, got"),
        ("CHARGEWIRE_DATABASE", "chargewire.db", "CHARGEWIRE_DATABASE: expected a URL such as sqlite:///"),
        (
            "CHARGEWIRE_UNKNOWN_STATIONS",
            "yes",
            "CHARGEWIRE_UNKNOWN_STATIONS: expected auto, pending, refuse;",
        ),
        ("CHARGEWIRE_UNKNOWN_TOKENS", "", "CHARGEWIRE_UNKNOWN_TOKENS: expected accept, refuse; got ''"),
        ("CHARGEWIRE_ADMIN_TOKEN", "", "CHARGEWIRE_ADMIN_TOKEN: is empty"),
        ("CHARGEWIRE_ADMIN_TOKEN", "two words", "CHARGEWIRE_ADMIN_TOKEN: may only hold printable ASCII"),
        ("CHARGEWIRE_INSECURE_PUBLIC", "perhaps", "CHARGEWIRE_INSECURE_PUBLIC: expected true or false"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load({}, {name: value})
    assert str(refused.value).startswith(message)


def test_an_argument_is_named_as_it_was_written() -> None:
    with pytest.raises(ConfigError, match=r"^--unknown-stations: expected"):
        load({"unknown_stations": "all"}, {})


def test_a_refused_token_or_database_does_not_reach_the_terminal() -> None:
    for setting, value in (("ADMIN_TOKEN", "hidden words"), ("DATABASE", "user:hidden@host/db")):
        with pytest.raises(ConfigError) as refused:
            load({}, {f"CHARGEWIRE_{setting}": value})
        assert "hidden" not in str(refused.value)


class TestPublicAddresses:
    @pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"])
    def test_a_loopback_address_needs_no_word(self, host: str) -> None:
        load({"http": f"{host}:80", "ocpp": f"{host}:90"}, {})

    @pytest.mark.parametrize("name", ["http", "ocpp"])
    @pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.168.1.7", "csms.example"])
    def test_any_other_address_is_refused_without_tls(self, name: str, host: str) -> None:
        with pytest.raises(ConfigError, match=rf"^{name} .*no TLS.*--insecure-public"):
            load({name: f"{host}:80"}, {})

    def test_automatic_admission_is_named_as_a_risk_of_its_own(self) -> None:
        with pytest.raises(ConfigError, match="anybody can add stations"):
            load({"ocpp": "0.0.0.0:9000", "unknown_stations": "auto"}, {})

    def test_the_operator_has_the_last_word(self) -> None:
        config = load({"ocpp": "0.0.0.0:9000", "unknown_stations": "auto", "insecure_public": True}, {})
        assert config.ocpp == Address("0.0.0.0", 9000)

    def test_a_token_that_can_be_guessed_is_refused(self) -> None:
        arguments = {"http": "0.0.0.0:80", "insecure_public": True}
        with pytest.raises(ConfigError, match=r"^admin_token: needs at least 20 characters"):
            load(arguments, {"CHARGEWIRE_ADMIN_TOKEN": "secret"})
        assert load(arguments, {"CHARGEWIRE_ADMIN_TOKEN": LONG_TOKEN}).admin_token == LONG_TOKEN


@pytest.mark.parametrize("text", ["127.0.0.1:9000", "[::1]:9000", "localhost:0"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_address(text)) == text


def test_a_config_does_not_show_its_token() -> None:
    assert "secret" not in repr(Config(admin_token="secret"))
