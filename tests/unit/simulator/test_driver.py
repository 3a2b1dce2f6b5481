"""People at a simulated connector."""

from __future__ import annotations

from collections import Counter
from itertools import count
from random import Random

from chargewire.simulator.actions import AuthorizationNeeded
from chargewire.simulator.driver import REFUSALS_UNTIL_LEAVING, Deed, Driver, Habits
from chargewire.simulator.meter import AC_22_KW, Outlet, Vehicle
from chargewire.simulator.model import StationModel
from chargewire.simulator.settings import Settings


def station() -> StationModel:
    numbers = count(1)
    outlets = [Outlet(AC_22_KW, Random(1))]
    return StationModel(outlets, Settings(), new_transaction_id=lambda: f"tx-{next(numbers)}", time_scale=20)


def live(model: StationModel, driver: Driver, *, until: int, accepts: bool = True) -> list[Deed]:
    """Let a driver act once a second, with a CSMS that accepts every card or none."""
    connector = model.connectors[0]
    deeds: list[Deed] = []
    for second in range(until):
        model.tick(second)
        deed = driver.act(connector, second)
        match deed:
            case Deed.PLUG_IN:
                model.plug_in(1, driver.vehicle(), second)
            case Deed.UNPLUG:
                model.unplug(1, second)
            case Deed.SWIPE:
                asked = AuthorizationNeeded(driver.id_token, 1) in model.swipe(driver.id_token, second, connector=1)
                if asked and accepts:
                    model.authorized(driver.id_token, second, connector=1)
            case None:
                continue
        deeds.append(deed)
    return deeds


def test_somebody_plugs_in_after_a_remote_start_and_leaves_after_the_end() -> None:
    model, driver = station(), Driver(Habits(), Random(1))
    model.remote_start(1, driver.id_token, 0)
    assert live(model, driver, until=10) == [Deed.PLUG_IN]
    model.remote_stop("tx-1", 10)
    assert live(model, driver, until=30) == [Deed.UNPLUG]
    assert driver.deadline is None


def test_nobody_does_anything_where_nobody_is() -> None:
    model, driver = station(), Driver(Habits(plug_in_after=None, unplug_after=None), Random(1))
    model.remote_start(1, driver.id_token, 0)
    assert live(model, driver, until=30) == []


def test_a_vehicle_that_was_plugged_by_hand_is_left_alone() -> None:
    model, driver = station(), Driver(Habits(), Random(1))
    model.plug_in(1, Vehicle(), 0)
    assert live(model, driver, until=300) == []


def test_visitors_come_charge_and_go() -> None:
    model, driver = station(), Driver(Habits(visits_every=60, stays=(60, 120)), Random(2))
    deeds = Counter(live(model, driver, until=3_600))
    assert deeds[Deed.PLUG_IN] > 5
    assert deeds[Deed.SWIPE] >= 2 * deeds[Deed.UNPLUG]


def test_a_visitor_with_a_full_battery_stops_before_his_time() -> None:
    model, driver = station(), Driver(Habits(visits_every=10, stays=(1e6, 1e6)), Random(3))
    assert Deed.UNPLUG in live(model, driver, until=7_200)


def test_a_visitor_who_is_refused_tries_again_and_then_leaves() -> None:
    model, driver = station(), Driver(Habits(visits_every=60), Random(4))
    deeds = live(model, driver, until=200, accepts=False)
    assert deeds[: REFUSALS_UNTIL_LEAVING + 3] == [
        Deed.PLUG_IN,
        *[Deed.SWIPE] * (REFUSALS_UNTIL_LEAVING + 1),
        Deed.UNPLUG,
    ]


def test_every_visitor_has_a_card_of_his_own() -> None:
    model, driver = station(), Driver(Habits(visits_every=10, stays=(10, 20)), Random(5))
    first = driver.id_token
    live(model, driver, until=600)
    assert driver.id_token != first


def test_the_same_seed_lives_the_same_life() -> None:
    habits = Habits(visits_every=60)
    lives = [live(station(), Driver(habits, Random(6)), until=3_600) for _ in range(2)]
    assert lives[0] == lives[1]
