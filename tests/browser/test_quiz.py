"""The counterfactual quiz in a real browser, from ``file://``."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser
Open = Callable[..., webdriver.Chrome]
N_QUESTIONS = 24


@pytest.fixture
def quiz(visit: Open) -> Open:
    """Open the quiz, with nothing kept from before on the first call."""
    visit("quiz.html").execute_script("localStorage.clear()")

    def go(address: str = "", **options: object) -> webdriver.Chrome:
        return visit(f"quiz.html{address}", **options)

    return go


def _shown(driver: webdriver.Chrome) -> str:
    """Return the id of the one question that is shown."""
    items = [e for e in driver.find_elements(By.CSS_SELECTOR, "[data-question]") if e.is_displayed()]
    assert len(items) == 1
    return str(items[0].get_attribute("data-question"))


def _helps(driver: webdriver.Chrome) -> list[str]:
    return [
        str(e.get_attribute("data-help"))
        for e in driver.find_elements(By.CSS_SELECTOR, "figure[data-help]")
        if e.is_displayed()
    ]


def _press(driver: webdriver.Chrome, key: str) -> None:
    driver.switch_to.active_element.send_keys(key)


def _progress(driver: webdriver.Chrome) -> str:
    return driver.find_element(By.CSS_SELECTOR, ".eg-quiz-bar output").text


def _said(driver: webdriver.Chrome) -> str:
    return driver.find_element(By.CSS_SELECTOR, ".eg-quiz-said").text


def _truths(built: Path) -> dict[str, dict[str, str]]:
    with (built / "pages/results/questions.csv").open(encoding="utf-8", newline="") as file:
        return {f"{r['image']}/{r['classifier']}/{r['question']}": r for r in csv.DictReader(file)}


def _export(driver: webdriver.Chrome, folder: Path) -> list[dict[str, str]]:
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)})
    driver.find_element(By.CSS_SELECTOR, "button[name=export]").click()
    file = WebDriverWait(driver, 10).until(lambda _: next(iter(folder.glob("*.csv")), None))
    assert file is not None
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_the_truth_appears_only_after_the_answer(quiz: Open, built: Path) -> None:
    driver = quiz("#seed=one")
    asked = _shown(driver)
    text = str(driver.execute_script("return document.querySelector('.eg-quiz').textContent"))
    assert "lowers it more." not in text
    assert "removed: p =" not in text
    assert "alone kept: p =" not in text
    row = _truths(built)[asked]
    answer = "A" if float(row["p_first"]) < float(row["p_second"]) else "B"
    wrong = "B" if answer == "A" else "A"
    driver.find_elements(By.CSS_SELECTOR, ".eg-choose")["AB".index(wrong)].click()
    assert _said(driver).startswith(f"✗ Wrong. {answer} lowers it more.")
    for name in ("p_first", "p_second"):
        assert f"p = {float(row[name]):.3f}" in _said(driver)
    live = driver.find_element(By.CSS_SELECTOR, ".eg-quiz-said")
    assert live.get_attribute("aria-live") == "polite"
    assert driver.switch_to.active_element.text == "Next question"


def test_keys_answer_and_go_on_and_a_reload_keeps_progress(quiz: Open) -> None:
    driver = quiz("#seed=two")
    first = _shown(driver)
    _press(driver, "a")
    assert _progress(driver) == f"Question 1 of {N_QUESTIONS}"
    _press(driver, "b")  # too late: the answer stands
    _press(driver, Keys.ENTER)
    second = _shown(driver)
    assert second != first
    _press(driver, "b")
    quiz("#seed=two")
    assert _progress(driver) == f"Question 3 of {N_QUESTIONS}"
    assert _shown(driver) not in {first, second}
    cells = [cell.text for cell in driver.find_elements(By.CSS_SELECTOR, ".eg-quiz-score td:last-child")]
    assert cells[:2] == ["1", "1"]  # of two questions in a row, one comes with the graph


def test_a_seed_fixes_order_and_help_and_another_one_changes_them(quiz: Open) -> None:
    def sequence(seed: str) -> list[tuple[str, list[str]]]:
        driver = quiz(f"#seed={seed}&n=6")
        seen = []
        for _ in range(6):
            seen.append((_shown(driver), _helps(driver)))
            _press(driver, "a")
            _press(driver, Keys.ENTER)
        driver.execute_script("localStorage.clear()")
        return seen

    first = sequence("lab")
    assert sequence("lab") == first
    assert sequence("other") != first
    assert all(len(helps) == 1 for _, helps in first)
    assert ["sag" in helps for _, helps in first].count(True) == 3


def test_the_export_holds_every_answer(quiz: Open, built: Path, tmp_path: Path) -> None:
    driver = quiz("#seed=p07&n=4&participant=p07&help=sag,rise")
    for key in "abab":
        _press(driver, key)
        _press(driver, Keys.ENTER)
    assert _progress(driver) == "All 4 answered"
    rows = _export(driver, tmp_path)
    truths = _truths(built)
    assert [row["position"] for row in rows] == list("1234")
    assert [row["answer"] for row in rows] == list("ABAB")
    assert {row["participant"] for row in rows} == {row["seed"] for row in rows} == {"p07"}
    for row in rows:
        asked = truths[row["question"]]
        truth = "A" if float(asked["p_first"]) < float(asked["p_second"]) else "B"
        assert row["truth"] == truth
        assert row["correct"] == str(row["answer"] == truth).lower()
        assert (row["image"], row["classifier"], row["kind"]) == (
            asked["image"], asked["classifier"], asked["kind"]
        )  # fmt: skip
        assert (row["condition"], row["method"]) in {("sag", ""), ("heatmap", "rise")}
        assert int(row["milliseconds"]) >= 0
    assert _said(driver) == f"Thank you. {sum(row['correct'] == 'true' for row in rows)} of 4 right."


def test_deleting_the_answers_starts_again(quiz: Open) -> None:
    driver = quiz()
    _press(driver, "a")
    seed = driver.execute_script("return Object.keys(localStorage).sort().pop()")
    driver.find_element(By.CSS_SELECTOR, "button[name=restart]").click()
    driver.switch_to.alert.accept()
    WebDriverWait(driver, 10).until(lambda d: _progress(d) == f"Question 1 of {N_QUESTIONS}")
    assert not driver.find_element(By.CSS_SELECTOR, "button[name=export]").is_enabled()
    kept = driver.execute_script("return JSON.parse(localStorage.getItem(arguments[0])).answers", seed)
    assert kept == []


def test_a_study_may_hide_the_truth(quiz: Open) -> None:
    driver = quiz("#seed=blind&n=2&feedback=no")
    _press(driver, "a")
    assert _progress(driver) == "Question 2 of 2"
    assert _said(driver) == ""
    assert not driver.find_element(By.CSS_SELECTOR, ".eg-quiz-score table").is_displayed()
    _press(driver, "b")
    assert driver.find_element(By.CSS_SELECTOR, ".eg-quiz-score table").is_displayed()


def test_letters_typed_into_the_participants_field_are_no_answers(quiz: Open) -> None:
    driver = quiz("#seed=typing")
    field = driver.find_element(By.CSS_SELECTOR, "input[name=participant]")
    field.send_keys("Ab=1,2")
    assert _progress(driver) == f"Question 1 of {N_QUESTIONS}"
    quiz("#seed=typing")
    assert driver.find_element(By.CSS_SELECTOR, "input[name=participant]").get_attribute("value") == "Ab12"


@pytest.mark.parametrize("width", [1440, 390])
def test_a_question_fits_the_screen_with_either_help(quiz: Open, width: int) -> None:
    driver = quiz("#seed=wide&n=2", width=width)
    for _ in range(2):
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        buttons = driver.find_elements(By.CSS_SELECTOR, ".eg-choose")
        assert all(button.size["height"] >= 44 for button in buttons)
        left, right = (button.rect for button in buttons)
        assert left["y"] == right["y"]
        assert left["x"] + left["width"] < right["x"]
        _press(driver, "a")
        _press(driver, Keys.ENTER)


def test_without_scripts_every_question_reads_with_its_answer(quiz: Open) -> None:
    driver = quiz(scripts=False)
    items = driver.find_elements(By.CSS_SELECTOR, "[data-question]")
    assert len(items) == N_QUESTIONS
    assert all(item.is_displayed() for item in items)
    assert not driver.find_elements(By.CSS_SELECTOR, ".eg-choose")
    assert not driver.find_element(By.CSS_SELECTOR, ".eg-quiz-score").is_displayed()
    summary = items[0].find_element(By.CSS_SELECTOR, "summary")
    summary.click()
    assert "lowers it more" in items[0].find_element(By.CSS_SELECTOR, ".eg-truth p").text
