"""Handlers in classes: found by their mark, one for each request."""

from __future__ import annotations

from typing import Any

import pytest

from chargewire import v16, v21, v201
from chargewire.messages import Request, Response
from chargewire.routing import ANY_ACTION, Handlers, Registry, find, merge, on, on_action, on_send

CONNECTION: Any = None


class Depot(Handlers):
    def __init__(self, name: str = "depot") -> None:
        self.name = name

    @on(v16.Heartbeat)
    async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse:
        raise NotImplementedError(self.name)

    @on(v201.Heartbeat)
    async def beat_201(self, station: Any, request: v201.Heartbeat) -> v201.HeartbeatResponse:
        raise NotImplementedError

    async def unmarked(self) -> None: ...


class Streams(Handlers):
    @on_send(v21.NotifyPeriodicEventStream)
    async def notify(self, station: Any, message: v21.NotifyPeriodicEventStream) -> None: ...


def test_marked_methods_are_found_by_their_request() -> None:
    depot = Depot()
    assert depot.table() == {v16.Heartbeat: depot.beat, v201.Heartbeat: depot.beat_201}


def test_a_method_can_be_marked_for_a_send() -> None:
    """RPC-006."""
    streams = Streams()
    assert streams.table() == {v21.NotifyPeriodicEventStream: streams.notify}


def test_a_marked_method_is_still_a_method() -> None:
    coroutine = Depot("north").beat(CONNECTION, v16.Heartbeat())
    with pytest.raises(NotImplementedError, match="north"):
        coroutine.send(None)


def test_a_handler_keeps_its_object() -> None:
    coroutine = Depot("south").table()[v16.Heartbeat](CONNECTION, v16.Heartbeat())
    with pytest.raises(NotImplementedError, match="south"):
        coroutine.send(None)  # type: ignore[attr-defined]


def test_a_class_without_marks_handles_nothing() -> None:
    assert Handlers().table() == {}


def test_a_subclass_inherits_handlers_and_adds_its_own() -> None:
    class Bigger(Depot, Streams):
        @on(v16.Authorize)
        async def authorize(self, station: Any, request: v16.Authorize) -> v16.AuthorizeResponse: ...

    assert Bigger().table().keys() == {
        v16.Heartbeat,
        v201.Heartbeat,
        v16.Authorize,
        v21.NotifyPeriodicEventStream,
    }


def test_a_subclass_replaces_a_handler_for_the_same_request() -> None:
    class Other(Depot):
        @on(v16.Heartbeat)
        async def another(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    other = Other()
    assert other.table()[v16.Heartbeat] == other.another


def test_a_subclass_may_override_a_handler_by_its_name_alone() -> None:
    class Other(Depot):
        async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    other = Other()
    assert other.table()[v16.Heartbeat] == other.beat


def test_the_class_that_comes_first_wins() -> None:
    class Rival(Handlers):
        @on(v16.Heartbeat)
        async def rival(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    class Both(Rival, Depot): ...

    both = Both()
    assert both.table()[v16.Heartbeat] == both.rival


def test_two_bases_may_use_one_name_for_two_requests() -> None:
    class North(Handlers):
        @on(v16.Heartbeat)
        async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    class South(Handlers):
        @on(v201.Heartbeat)
        async def beat(self, station: Any, request: v201.Heartbeat) -> v201.HeartbeatResponse: ...

    class Both(North, South): ...

    both = Both()
    assert both.table() == {v16.Heartbeat: both.beat, v201.Heartbeat: South.beat.__get__(both)}


def test_one_class_may_not_handle_a_request_twice() -> None:
    class Torn(Handlers):
        @on(v16.Heartbeat)
        async def one(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

        @on(v16.Heartbeat)
        async def two(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    with pytest.raises(TypeError, match=r"Torn: one and two both handle chargewire\.v16\.messages\.Heartbeat"):
        Torn().table()


def test_the_tables_of_several_objects_are_joined() -> None:
    depot, streams = Depot(), Streams()
    assert merge([depot, streams]) == {**depot.table(), **streams.table()}


def test_nothing_joined_is_nothing() -> None:
    assert merge([]) == {}


def test_two_objects_may_not_handle_the_same_request() -> None:
    with pytest.raises(TypeError, match=r"Depot: chargewire\.v16\.messages\.Heartbeat already has a handler"):
        merge([Depot(), Depot()])


# Which handler answers


class Desk(Handlers):
    @on(v16.Heartbeat)
    async def exact(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    @on_action("Heartbeat")
    async def of_the_action(self, station: Any, request: Request[Any, Any]) -> Response: ...

    @on_action(ANY_ACTION)
    async def of_any(self, station: Any, request: Request[Any, Any]) -> Response: ...


def test_the_handler_of_the_version_comes_before_that_of_the_action_and_that_before_any() -> None:
    desk = Desk()
    table = desk.table()
    assert find(table, v16.Heartbeat()) == desk.exact
    assert find(table, v201.Heartbeat()) == desk.of_the_action
    assert find(table, v21.ClearCache()) == desk.of_any


def test_a_request_that_nobody_handles_has_no_handler() -> None:
    assert find(Depot().table(), v16.ClearCache()) is None
    assert find({}, v16.ClearCache()) is None


def test_one_class_may_not_handle_an_action_twice() -> None:
    class Torn(Handlers):
        @on_action("Reset")
        async def one(self, station: Any, request: Request[Any, Any]) -> Response: ...

        @on_action("Reset")
        async def two(self, station: Any, request: Request[Any, Any]) -> Response: ...

    with pytest.raises(TypeError, match="Torn: one and two both handle Reset"):
        Torn().table()


# Functions that register themselves


async def answer(connection: Any, request: Any) -> Any: ...


def test_functions_are_registered_beside_the_methods_of_objects() -> None:
    depot = Depot()
    registry = Registry[Any](depot)
    assert registry.on(v16.ClearCache)(answer) is answer
    assert registry.on_action("Reset")(answer) is answer
    assert registry.on_action(ANY_ACTION)(answer) is answer
    table = registry._handlers
    assert find(table, v16.Heartbeat()) == depot.beat
    assert find(table, v16.ClearCache()) is answer
    assert table.keys() == {*depot.table(), v16.ClearCache, "Reset", "*"}


def test_a_registry_takes_one_object_or_several() -> None:
    streams = Streams()
    assert Registry[Any](streams)._handlers == Registry[Any]([streams])._handlers == streams.table()


def test_a_second_handler_for_the_same_is_refused() -> None:
    registry = Registry[Any](Desk())
    with pytest.raises(ValueError, match=r"chargewire\.v16\.messages\.Heartbeat already has a handler"):
        registry.on(v16.Heartbeat)(answer)
    with pytest.raises(ValueError, match="Heartbeat already has a handler"):
        registry.on_action("Heartbeat")(answer)
    with pytest.raises(ValueError, match=r"\* already has a handler"):
        registry.on_action(ANY_ACTION)(answer)


def test_a_removed_handler_makes_room_for_the_next_best() -> None:
    desk = Desk()
    registry = Registry[Any](desk)
    registry.remove_handler(v16.Heartbeat)
    assert find(registry._handlers, v16.Heartbeat()) == desk.of_the_action
    registry.remove_handler("Heartbeat")
    assert find(registry._handlers, v16.Heartbeat()) == desk.of_any
    registry.remove_handler(ANY_ACTION)
    assert find(registry._handlers, v16.Heartbeat()) is None


def test_what_has_no_handler_cannot_lose_it() -> None:
    with pytest.raises(ValueError, match="Reset has no handler"):
        Registry[Any](Desk()).remove_handler("Reset")
