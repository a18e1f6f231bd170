"""The page: what it says, that it is whole in itself, and that hostile names stay text."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from driftline.records import WindowResult
from driftline.report import ModelPage, render
from driftline.report.view import headline, status, view
from driftline.windows import Window

VOID = {"meta", "link", "br", "img", "input", "hr"}
FORM = {"path", "circle", "rect"}


class Page(HTMLParser):
    """Elements with their attributes, visible text, and the text of scripts and styles apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.code: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == [], f"elements never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        (self.code if self.open and self.open[-1] in ("script", "style") else self.words).append(
            data
        )

    @property
    def text(self) -> str:
        return re.sub(r"[ \n]+", " ", "".join(self.words))

    def all(self, tag: str, kind: str = "") -> list[dict[str, str | None]]:
        return [
            a for t, a in self.elements if t == tag and kind in (a.get("class") or "").split(" ")
        ]


def all_of(html: str, tag: str) -> list[dict[str, str | None]]:
    return [attributes for name, attributes in Page(html).elements if name == tag]


@pytest.fixture(scope="session")
def html(year: ModelPage, calm: ModelPage, unborn: ModelPage) -> str:
    return render([year, calm, unborn])


@pytest.fixture(scope="session")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_is_well_formed_and_says_first_what_needs_attention(page: Page) -> None:
    assert page.text.index("1 of 3 models needs attention") < page.text.index("Last window")
    assert page.text.count("all times are UTC") == 1


def test_every_model_has_a_row_and_a_section_and_the_links_meet(page: Page) -> None:
    links = {a["href"] for t, a in page.elements if t == "a"}
    sections = {f"#{a['id']}" for t, a in page.elements if t == "section" and "id" in a}
    assert links == sections == {"#model-1", "#model-2", "#model-3"}


def test_ids_are_not_used_twice(page: Page) -> None:
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_nothing_is_asked_of_any_network(page: Page) -> None:
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "action", "poster", "data", "xlink:href"):
            address = attributes.get(name) or ""
            assert address.startswith(("#", "data:,")) or not address, f"<{tag} {name}={address}>"
    own = [code for code in page.code if "plotly.js v" not in code[:200]]
    assert len(own) == len(page.code) - 1, "plotly.js is there once"
    for code in own:
        assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import\(", code)


def test_hostile_names_stay_text(html: str, page: Page) -> None:
    assert '<script>alert("x")</script><b>%{x}' in page.text
    assert "<script>alert" not in html
    assert "alert(" not in "".join(code for code in page.code if code.lstrip().startswith("("))
    assert all_of(html, "b") == []


def test_incidents_are_told_in_full_open_ones_first(page: Page) -> None:
    text = page.text
    order = ["humidity and wind_speed are missing", "Delays leapt", "Accuracy fell to 0.735"]
    assert [text.index(words) for words in order] == sorted(text.index(words) for words in order)
    for words in (
        "Critical",
        "Data quality problem",
        "for 3 days",
        "Performance drop",
        "lasted 15 days",
    ):
        assert words in text
    assert "Fill the columns as in training until it does." in text


def test_old_resolved_incidents_are_folded_away(year: ModelPage) -> None:
    one = year.incidents[0]
    many = tuple(replace(one, id=str(n), opened=one.opened - timedelta(days=n)) for n in range(9))
    page = Page(render([replace(year, incidents=many)]))
    assert "3 lesser incidents" in page.text
    assert len(page.all("details", "incident")) == 9


def test_a_source_that_is_away_counts_no_alarms(year: ModelPage) -> None:
    away = replace(year.incidents[0], state="open", resolved=None)
    assert "so far." in render([replace(year, incidents=(away,))])
    away = replace(away, cause="predictions")
    assert "so far." not in render([replace(year, incidents=(away,))])


def test_figures_are_rounded_and_signed(page: Page) -> None:
    assert "0.841" in page.text
    assert "\u22120.1\u202f% against 0.842; interval 0.830 to 0.852" in page.text
    assert not re.search(r"\d\.\d{5,}", page.text)


def test_how_it_was_decided_is_told(page: Page) -> None:
    assert "The budget of 1 false alarm per 30 days" in page.text
    assert "7 days against 30 days, alarm at a drop of 5 %" in page.text


@pytest.mark.parametrize(
    "words",
    [
        "No window has been checked yet. Windows begin where the reference ends, on 1 Jan 2013.",
        "This model has no labels, so only its data is watched.",
        "No column is blamed at present.",
    ],
)
def test_what_is_not_there_is_told_with_what_to_do(page: Page, words: str) -> None:
    assert words in page.text


def test_too_few_rows_everywhere_is_told_with_what_to_do(calm: ModelPage) -> None:
    small = tuple(replace(w, status="too_few_rows", verdict=None, rows=3) for w in calm.windows)
    text = Page(render([replace(calm, windows=small, min_rows=250)])).text
    assert "Each so far had fewer than 250 rows." in text
    assert "hotel-cancellations is waiting" in text


def test_labels_that_have_not_come_are_told(year: ModelPage) -> None:
    without = Page(render([replace(year, performance=())])).text
    assert "No labels have been joined yet." in without
    first = year.performance[0]
    nothing = replace(first.metrics["accuracy"], current=None, low=None, high=None, drop=None)
    waiting = replace(
        first, status="too_few_labels", labelled=62, metrics={"accuracy": nothing}, alarm=False
    )
    text = Page(render([replace(year, performance=(waiting,))])).text
    assert (
        "Too few labels so far. 1.0\u202f% of the predictions of 31 Jan \u2013 6 Feb 2013" in text
    )


def test_no_models_at_all_is_a_page_too() -> None:
    text = Page(render([])).text
    assert "No models are watched yet" in text
    assert "driftline init" in text


def test_a_faulty_window_without_incident_is_not_well(calm: ModelPage, year: ModelPage) -> None:
    faulty = replace(calm.windows[-1], faults=year.windows[-1].faults)
    assert status([faulty], []).words == "Data faults"
    assert status(calm.windows, []).words == "All well"


def test_the_last_window_decides_when_no_incident_is_open(calm: ModelPage) -> None:
    last = calm.windows[-1]
    after = Window(last.window.end, last.window.end + timedelta(days=1))
    empty = WindowResult(after, 0, "empty", None, (), after.end)
    model = view(replace(calm, windows=(empty, *calm.windows)), 1)
    assert model.last == empty
    assert model.status.needs_attention
    assert headline([model]) == "hotel-cancellations needs attention"


def test_the_page_is_small_and_made_quickly(year: ModelPage) -> None:
    started = time.process_time()
    size = len(render([year]).encode())
    assert time.process_time() - started < 3
    assert size < 6_000_000


def test_many_windows_are_cut_to_the_newest_and_that_is_said(calm: ModelPage) -> None:
    hour = timedelta(hours=1)
    first = calm.windows[0]
    start = first.window.start
    hours = tuple(
        replace(first, window=Window(start + n * hour, start + (n + 1) * hour)) for n in range(500)
    )
    html = render([replace(calm, windows=hours)])
    assert "The last 400 of 500 windows." in Page(html).text


def test_what_stands_between_backticks_is_code_and_nothing_else_of_a_text_is_markup(
    year: ModelPage,
) -> None:
    incident = replace(
        year.incidents[0], next_steps=("Try `driftline backtest`.", "`<b>` & <i>more</i>, `open")
    )
    html = render([replace(year, incidents=(incident,))])
    assert "<li>Try <code>driftline backtest</code>.</li>" in html
    assert "<li><code>&lt;b&gt;</code> &amp; &lt;i&gt;more&lt;/i&gt;, `open</li>" in html


def test_every_value_of_the_table_of_metrics_says_what_it_is_on_a_narrow_screen(page: Page) -> None:
    titles = {cell.get("data-title") for tag, cell in page.elements if tag == "td"}
    assert {"Current", "Interval", "Baseline", "Change", "Verdict"} <= titles
