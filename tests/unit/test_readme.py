"""The README shows code that runs."""

import re
from pathlib import Path

from support.processes import free_port
from support.scripts import running

ROOT = Path(__file__).parents[2]
EXAMPLES = (ROOT / "examples/csms.py", ROOT / "examples/charge_point.py")


def python_blocks() -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_readme_shows_the_two_smallest_examples_as_they_are() -> None:
    assert python_blocks() == [path.read_text() for path in EXAMPLES]


def test_each_of_them_has_at_most_fifteen_lines_of_code() -> None:
    assert [len([line for line in block.splitlines() if line.strip()]) <= 15 for block in python_blocks()] == [
        True,
        True,
    ]


async def test_the_charge_point_of_the_readme_boots_at_its_csms() -> None:
    csms_source, charge_point_source = python_blocks()
    ports = {"9000": free_port()}
    async with running(csms_source, ports=ports) as csms:
        await csms.listens(ports["9000"])
        async with running(charge_point_source, ports=ports) as charge_point:
            assert await csms.prints("CP001") == "CP001: Acme Home 11"
            assert await charge_point.prints("Accepted") == "Accepted, the CSMS wants a heartbeat every 300 s"
