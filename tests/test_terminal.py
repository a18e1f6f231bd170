"""What is printed for people fits into a terminal of 80 columns and loses nothing."""

from __future__ import annotations

import pytest
from rich.console import Console

from driftline import terminal
from driftline.alarms.verdict import ColumnVerdict
from driftline.terminal import comparison_table


def column(name: str, statistic: str, value: float, alarm: bool) -> ColumnVerdict:
    figures = (value, 0.0, 0.345, 2.0, 0.998, 0.111, 0.02)
    return ColumnVerdict(name, "numeric", alarm, statistic, *figures)


@pytest.mark.parametrize("name", ["temp", "a_column_with_a_name_that_is_long", "[bold]x[/]"])
def test_a_comparison_fits_and_tells_every_name_in_full(name: str) -> None:
    columns = [
        column(name, "new_category_share", 0.123, True),
        column("y", "chi_squared", 12345.6, False),
    ]
    console = Console(width=80, record=True, no_color=True)
    console.print(comparison_table(columns, "how it was decided"))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[0].strip() == "1 of 2 columns drifted"
    names = [line[8:24].split(" ")[0] for line in lines]
    assert name in "".join(names)
    assert "99.8\u202f%" in "".join(lines)
    assert "(11.1\u202f%)" in "".join(lines)
    assert lines[-1].strip() == "how it was decided"


def test_no_line_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [column("temp", "psi", 0.123, True), column("y", "chi_squared", 12345.6, False)]
    terminal.show(comparison_table(columns, "how it was decided"))
    terminal.say("[dim]told in [bold]words[/] [/]")
    lines = capsys.readouterr().out.split("\n")
    assert lines == [line.rstrip() for line in lines]
    assert lines[-3:] == ["how it was decided", "  told in words", ""]
