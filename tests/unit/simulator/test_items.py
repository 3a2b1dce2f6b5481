"""Settings as text (CFG-001, DM-001)."""

from __future__ import annotations

import pytest

from chargewire.simulator.items import Flag, Item, Number, Points, Words
from chargewire.simulator.settings import MEASURANDS, Settings, TxPoint

FLAG = Flag("local_pre_authorize")
NUMBER = Number("sample_interval")
WORDS = Words("sampled_measurands", MEASURANDS)
POINTS = Points("start_points")


@pytest.mark.parametrize(
    ("item", "text", "value"),
    [
        (FLAG, "TRUE", True),
        (NUMBER, " 15", 15),
        (WORDS, "SoC, Voltage ,SoC", ["SoC", "Voltage"]),
        (WORDS, "", []),
        (POINTS, "Authorized,EVConnected", frozenset({TxPoint.AUTHORIZED, TxPoint.EV_CONNECTED})),
    ],
)
def test_a_value_is_taken_and_read_again(item: Item, text: str, value: object) -> None:
    settings = Settings()
    item.write(settings, text)
    assert getattr(settings, item.attribute) == value
    read = item.read(settings)
    item.write(settings, read)
    assert getattr(settings, item.attribute) == value


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (FLAG, "yes"),
        (NUMBER, "-1"),
        (NUMBER, "1.5"),
        (NUMBER, ""),
        (WORDS, "SoC,Temperature"),
        (POINTS, ""),
        (POINTS, "DataSigned"),
    ],
)
def test_what_is_no_value_is_refused_and_changes_nothing(item: Item, text: str) -> None:
    """CFG-001, MET-003."""
    settings = Settings()
    before = item.read(settings)
    with pytest.raises(ValueError, match=r".+"):
        item.write(settings, text)
    assert item.read(settings) == before
