"""The review notebook in a real browser: what a clinician sees, clicks and types."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import SCREENSHOTS, choose_menu

pytestmark = pytest.mark.browser

LINE = ".js-plotly-plot .scatterlayer .trace:nth-child(2) .js-line"


def heading(screen):
    return screen.inner_text(".hip-screen h1").split()[0]


def drawn(screen):
    """What the chart shows: the paths of its lines and the words in it."""
    return screen.eval_on_selector_all(f"{LINE}, .js-plotly-plot text", "all => all.map(each => each.getAttribute('d') "
                                       "|| each.textContent).join('|')")


def chosen(screen):
    return screen.get_attribute(".hip-row.hip-chosen", "data-patient")


def choose(screen, place):
    patient = screen.get_attribute(f".hip-row >> nth={place}", "data-patient")
    screen.click(f".hip-row >> nth={place}")
    wait_for_heading(screen, patient)
    return patient


def wait_for_heading(screen, patient):
    screen.wait_for_function("patient => document.querySelector('.hip-screen h1').textContent.startsWith(patient)",
                             arg=patient)


def wait_for_change(screen, before):
    screen.wait_for_function(
        "([line, before]) => [...document.querySelectorAll(line)].map("
        "each => each.getAttribute('d') || each.textContent).join('|') !== before",
        arg=[f"{LINE}, .js-plotly-plot text", before])


def to_the_top(screen):
    screen.fill(".hip-search", "")
    screen.wait_for_function("!document.querySelector('.hip-count').textContent.includes(' of ')")
    screen.focus(".hip-list")
    screen.keyboard.press("Home")
    screen.wait_for_function("document.querySelector('#hip-row-0.hip-chosen') !== null")


def test_a_click_on_a_patient_changes_heading_and_chart(screen):
    to_the_top(screen)
    before = drawn(screen)
    patient = choose(screen, 3)
    assert heading(screen) == patient == chosen(screen)
    wait_for_change(screen, before)


def test_the_arrow_keys_move_through_the_list_and_not_between_cells(screen):
    to_the_top(screen)
    cell = screen.locator(".jp-Notebook .jp-mod-active").get_attribute("data-windowed-list-index")
    second = screen.get_attribute("#hip-row-1", "data-patient")
    screen.keyboard.press("ArrowDown")
    wait_for_heading(screen, second)
    assert chosen(screen) == second
    screen.keyboard.press("ArrowUp")
    wait_for_heading(screen, screen.get_attribute("#hip-row-0", "data-patient"))
    screen.keyboard.press("End")
    screen.wait_for_selector(".hip-row:last-child.hip-chosen")
    assert screen.locator(".jp-Notebook .jp-mod-active").get_attribute("data-windowed-list-index") == cell


def test_a_search_narrows_the_list(screen):
    to_the_top(screen)
    screen.fill(".hip-search", "silent")
    screen.wait_for_function("document.querySelector('.hip-count').textContent.includes(' of ')")
    shown = screen.locator(".hip-row")
    assert shown.count() > 0
    assert all("ilent" in words for words in shown.all_inner_texts())
    wait_for_heading(screen, chosen(screen))


def test_the_heading_says_that_these_are_not_real_patients(screen):
    assert "not real patients" in screen.inner_text(".hip-screen")
    assert "Data up to 15 Mar 2026" in screen.inner_text(".hip-screen")


def test_no_button_could_upload_a_chart(screen):
    screen.hover(".js-plotly-plot")
    buttons = screen.eval_on_selector_all(".modebar-btn", "all => all.map(each => each.dataset.title)")
    assert buttons == ["Download plot", "Reset axes"]
    words = screen.inner_text("body").lower()
    assert not [word for word in ("share chart", "plotly cloud", "chart studio", "edit chart") if word in words]


def test_nothing_on_the_screen_is_cut_off_or_wider_than_it(screen):
    for width in (1280, 1920):
        screen.set_viewport_size({"width": width, "height": 960})
        screen.wait_for_function(
            "() => { const box = document.querySelector('.hip-chart').getBoundingClientRect();"
            "const svg = document.querySelector('.js-plotly-plot .main-svg').getBoundingClientRect();"
            "return svg.width > 400 && svg.right <= box.right + 1 && svg.width >= box.width - 30 }")
    screen.set_viewport_size({"width": 1280, "height": 960})


def test_nothing_is_asked_of_another_host(screen, lab):
    to_the_top(screen)
    choose(screen, 2)
    assert lab.hosts == {lab.host}


def test_what_is_saved_holds_no_patient(screen, lab):
    to_the_top(screen)
    patients = screen.eval_on_selector_all(".hip-row", "all => all.map(each => each.dataset.patient)")
    saved_before = lab.notebook.stat().st_mtime_ns
    with screen.expect_response(lambda response: response.request.method == "PUT" and "/api/contents/" in response.url):
        choose_menu(screen, "File", "Save Notebook")
    assert lab.notebook.stat().st_mtime_ns > saved_before
    texts = [path.read_text(encoding="utf-8") for path in lab.notebook.parent.rglob("*.ipynb")]
    assert all(cell.get("outputs", []) == [] for text in texts for cell in json.loads(text)["cells"])
    assert not any(patient in text for patient in patients for text in texts)


def test_no_history_of_what_was_run_is_kept(screen, lab):
    to_the_top(screen)
    assert list(lab.home.rglob("history.sqlite")) == []
    kept = [path for path in lab.home.rglob("*") if path.is_file() and b"show_caseload" in path.read_bytes()]
    assert {path.suffix for path in kept} == {".ipynb"}


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_both_themes_are_drawn(screen, theme):
    choose_menu(screen, "Settings", "Theme", f"JupyterLab {theme}")
    screen.wait_for_selector(f"body[data-jp-theme-light='{str(theme == 'Light').lower()}']", state="attached")
    paper = {"Light": "rgb(255, 255, 255)", "Dark": "rgb(17, 17, 17)"}[theme]
    screen.wait_for_function(
        "paper => getComputedStyle(document.querySelector('.js-plotly-plot .main-svg')).backgroundColor === paper",
        arg=paper)
    to_the_top(screen)
    for width, height in ((1280, 960), (1920, 1080)):
        screen.set_viewport_size({"width": width, "height": height})
        for place in (0, 4, 20):
            screen.focus(".hip-list")
            screen.keyboard.press("Home")
            for _ in range(place):
                screen.keyboard.press("ArrowDown")
            screen.wait_for_timeout(1500)
            screen.screenshot(path=SCREENSHOTS / f"{theme.lower()}-{width}-{place}.png")
    screen.set_viewport_size({"width": 1280, "height": 960})
    assert len(list(SCREENSHOTS.glob(f"{theme.lower()}-*.png"))) == 6
