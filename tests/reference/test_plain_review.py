"""The plain review against numbers that were worked out by hand from the definitions."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from reference.plain_review import (
    COLUMNS,
    NUMBERS,
    adherence_label,
    adherence_of,
    aggravating_exercises,
    baseline_of,
    block_of,
    daily_pain,
    is_flare,
    is_improved,
    mann_kendall,
    plain_review,
    policy_says_stop,
    rise_holds,
    sevenths_due,
    theil_sen,
    trend_at,
    week_panel,
)

START = date(2024, 1, 1)


def day(number: int) -> date:
    """Day 1 is the programme start."""
    return START + timedelta(days=number - 1)


def rating(number: int, pain: float, patient: str = "a") -> dict[str, Any]:
    return {"patient_id": patient, "performed_at": day(number), "pain": pain}


def session(number: int, patient: str = "a", done: bool | None = True, **scores: Any) -> dict[str, Any]:
    at = datetime.combine(day(number), datetime.min.time()).replace(hour=9)
    return {"patient_id": patient, "performed_at": at, "exercise": "bridging", "done": done, **scores}


def plan(number: int = 1, per_week: int = 3, patient: str = "a", **more: Any) -> dict[str, Any]:
    return {"patient_id": patient, "valid_from": day(number), "sessions_per_week": per_week, **more}


def pains(*steps: tuple[int, int, float]) -> dict[date, float]:
    """Daily pain from steps of (first day, last day, pain)."""
    return {day(n): pain for first, last, pain in steps for n in range(first, last + 1)}


def ratings(*steps: tuple[int, int, float]) -> list[dict[str, Any]]:
    return [rating((d - START).days + 1, pain) for d, pain in pains(*steps).items()]


def numbers_of(days: list[date]) -> list[int]:
    return [(d - START).days + 1 for d in days]


def only(*args: Any, **kwargs: Any) -> dict[str, Any]:
    table = plain_review(*args, **kwargs)
    assert len(table) == 1
    return table[0]


def flags(*args: Any, **kwargs: Any) -> list[str]:
    codes = only(*args, **kwargs)["flags"]
    return codes.split(";") if codes else []


# --- Statistics -------------------------------------------------------------------------------------------------------


def test_a_rising_row_of_ten() -> None:
    values = [4, 5, 4, 4, 5, 5, 6, 5, 6, 7]
    s, variance, z, p = mann_kendall(values)
    assert s == 29
    assert variance == pytest.approx(111.667, abs=0.0005)
    assert z == pytest.approx(2.6497, abs=0.00005)
    assert 2 * p == pytest.approx(0.00806, abs=0.000005)
    assert theil_sen(range(10), values) == pytest.approx(0.25)


def test_a_falling_row_of_twelve() -> None:
    values = [7, 7, 6, 7, 6, 5, 6, 5, 5, 4, 5, 4]
    s, variance, z, p = mann_kendall(values)
    assert s == -47
    assert variance == pytest.approx(195.667, abs=0.0005)
    assert z == pytest.approx(-3.2885, abs=0.00005)
    assert 2 * (1 - p) == pytest.approx(0.001007, abs=0.0000005)
    assert theil_sen(range(12), values) == pytest.approx(-0.27922, abs=0.000005)


def test_equal_values_and_a_balanced_row() -> None:
    assert mann_kendall([3, 3, 3, 3]) == (0, 0, 0, 1)
    # Two ties of two: (4 x 3 x 13 - 2 x 2 x 1 x 9) / 18 = 120 / 18.
    assert mann_kendall([1, 2, 2, 1]) == (0, 120 / 18, 0, 0.5)
    assert mann_kendall([1.5, 16 / 3 - 23 / 6])[0] == 0  # a hair apart is a tie


def test_the_slope_uses_real_days() -> None:
    assert theil_sen([0, 1, 10], [0, 1, 10]) == 1
    assert theil_sen([0, 2, 3], [1, 2, 4]) == 1  # slopes .5, 1 and 2
    assert theil_sen([4], [1]) is None


def test_a_trend_needs_five_rated_days_of_the_last_42() -> None:
    daily = {day(1): 9.0, **{day(n): n / 7 for n in (2, 9, 16, 23, 43)}}
    assert trend_at(daily, day(43))[0] == pytest.approx(1.0)
    assert trend_at(daily, day(43))[2] == 5
    assert trend_at(daily, day(44)) == (None, None, 4)


# --- Adherence --------------------------------------------------------------------------------------------------------


def test_the_check_of_the_definitions() -> None:
    figures = adherence_of([3, 4, 1, 0, 2, 3], [21] * 6, [True, True, True, False, True, True])
    assert figures == {"capped": 12 / 18, "logged": 0.8, "raw": 13 / 18, "weeks_on_plan": 0.5, "log_coverage": 5 / 6}


def test_no_week_gives_no_figure() -> None:
    assert set(adherence_of([], [], []).values()) == {None}
    assert adherence_of([0], [21], [False])["logged"] is None
    assert adherence_of([0], [21], [False])["capped"] == 0


@pytest.mark.parametrize(
    ("weeks", "capped", "coverage", "label"),
    [
        (1, 1.0, 1.0, "too_early"),
        (2, 0.2, 0.49, "unrecorded"),
        (2, 0.2, 0.5, "low"),
        (4, 0.5, 1.0, "part"),
        (4, 12 / 15, 1.0, "full"),
        (4, 11 / 15, 1.0, "part"),
    ],
)
def test_labels(weeks: int, capped: float, coverage: float, label: str) -> None:
    assert adherence_label(weeks, capped, coverage) == label


def test_the_same_check_from_a_log() -> None:
    counts = [3, 4, 1, 0, 2, 3]
    logs = [session(7 * week + n + 1) for week, count in enumerate(counts) for n in range(count)]
    row = only(logs, [plan()], as_of=day(45))
    assert (row["weeks_complete"], row["weeks_counted"], row["plan_source"]) == (6, 6, "plan")
    assert (row["done_4w"], row["due_4w"]) == (6, 12)
    assert (row["adherence_4w"], row["adherence_4w_logged"]) == (0.5, 6 / 9)
    assert (row["adherence_all"], row["adherence_all_raw"], row["weeks_on_plan"]) == (12 / 18, 13 / 18, 0.5)
    assert (row["log_coverage_4w"], row["adherence_label"]) == (0.75, "part")
    assert (row["last_log"], row["days_silent"]) == (day(38), 7)


def test_two_sessions_a_day_are_one_and_a_rating_is_none() -> None:
    twice = {**session(1), "performed_at": datetime(2024, 1, 1, 20)}
    logs = [session(1), twice, session(2, done=False), session(3, done=None), rating(9, 4)]
    panel = week_panel(logs, [plan()], [], START, day(15))
    assert [week["week"] for week in panel] == [0, 1, 2]
    assert [week["done_days"] for week in panel] == [1, 0, 0]
    assert [week["session_row_present"] for week in panel] == [True, False, False]
    assert [week["complete"] for week in panel] == [True, True, False]
    assert [week["rated_days"] for week in panel] == [0, 1, 0]
    assert [week["pain_mean"] for week in panel] == [None, 4, None]


def test_what_a_day_is_due() -> None:
    versions = [plan(4, 5), plan(8, 2, valid_to=day(10)), plan(13, 7)]
    pauses = [{"patient_id": "a", "start": day(5), "end": day(6)}]
    due = [sevenths_due(day(n), versions, pauses) for n in range(1, 14)]
    assert due == [3, 3, 3, 5, 0, 0, 5, 2, 2, 2, 0, 0, 7]


def test_a_week_with_less_than_one_session_due_is_not_counted() -> None:
    def pause(first: int, last: int) -> list[dict[str, Any]]:
        return [{"patient_id": "a", "start": day(first), "end": day(last)}]

    logs = [session(1)]
    assert only(logs, [plan()], pause(4, 7), as_of=day(7))["weeks_counted"] == 1  # 9 sevenths
    assert only(logs, [plan()], pause(3, 7), as_of=day(7))["weeks_counted"] == 0  # 6 sevenths
    row = only(logs, [plan()], pause(3, 7), as_of=day(7))
    assert (row["weeks_complete"], row["adherence_label"]) == (1, "too_early")
    assert (row["done_4w"], row["due_4w"]) == (None, None)


def test_a_new_version_does_not_reach_back() -> None:
    logs = [session(1), session(3), session(8)]
    row = only(logs, [plan(1, 2), plan(8, 5), plan(20, 7)], as_of=day(14))
    assert row["sessions_per_week"] == 5
    assert (row["done_4w"], row["due_4w"], row["adherence_all"]) == (3, 7, 3 / 7)


# --- Pauses and silence -----------------------------------------------------------------------------------------------


def test_a_paused_patient() -> None:
    logs = [session(n) for n in (1, 3, 5)]
    pauses = [{"patient_id": "a", "start": day(11), "end": None}, {"patient_id": "a", "start": day(10), "end": day(12)}]
    row = only(logs, [plan()], pauses, as_of=day(60))
    assert row["days_silent"] == 4  # days 6 to 9
    assert (row["weeks_complete"], row["weeks_counted"]) == (8, 1)  # week 2 has days 8 and 9: 6 sevenths
    assert row["flags"] == ""


def test_silent_after_14_unpaused_days() -> None:
    pauses = [{"patient_id": "a", "start": day(5), "end": day(6)}]
    logs = [session(1)]
    assert only(logs, [plan()], pauses, as_of=day(17))["days_silent"] == 14
    assert flags(logs, [plan()], pauses, as_of=day(17)) == ["silent", "low_adherence"]
    assert flags(logs, [plan()], pauses, as_of=day(16)) == ["low_adherence"]  # 7 of 15 + 21 sevenths
    again = [*pauses, {"patient_id": "a", "start": day(18), "end": None}]
    assert only(logs, [plan()], again, as_of=day(30))["days_silent"] == 14
    assert "silent" not in flags(logs, [plan()], again, as_of=day(30))


def test_without_a_row_silence_counts_from_the_start() -> None:
    row = only([], [plan()], as_of=day(15))
    assert (row["last_log"], row["days_silent"]) == (None, 14)
    assert (row["adherence_label"], row["flags"]) == ("unrecorded", "silent")


# --- Pain: days, blocks, baseline -------------------------------------------------------------------------------------


def test_a_day_is_the_mean_of_its_sessions() -> None:
    midnight = datetime(2024, 1, 1)
    rows = [rating(1, 2)] + [{"performed_at": midnight, "pain": pain} for pain in (4, 6, None)]
    assert daily_pain(rows) == {day(1): 3.5}


def test_blocks() -> None:
    def block(rated: tuple[int, ...], anchor: int, direction: int) -> list[int]:
        return numbers_of(block_of({day(n): 1.0 for n in rated}, day(anchor), direction))

    assert block((1, 4, 8, 11, 15, 18, 20), 1, 1) == [1, 4, 8, 11, 15, 18]
    assert block((1, 8, 15, 21, 22), 1, 1) == [1, 8, 15, 21]
    assert block((1, 2, 3, 4, 5, 14, 15), 1, 1) == [1, 2, 3, 4, 5, 14]
    assert len(block(tuple(range(1, 40)), 1, 1)) == 14
    assert block((29, 30, 31, 36, 37, 43), 50, -1) == [30, 31, 36, 37, 43]
    assert block(tuple(range(1, 61)), 60, -1) == list(range(47, 61))


def test_a_late_baseline() -> None:
    daily = {day(n): 4.0 for n in (1, 20, 30, 32, 41, 42, 60)}
    anchor, block = baseline_of(daily, START)
    assert anchor == day(30)  # from day 20 the block may reach to day 40, and has 3
    assert numbers_of(block) == [30, 32, 41, 42]


def test_the_first_day_that_reaches_four_is_the_anchor() -> None:
    daily = {day(n): 4.0 for n in (1, 20, 30, 32, 40, 41)}
    anchor, block = baseline_of(daily, START)
    assert (anchor, numbers_of(block)) == (day(20), [20, 30, 32, 40])


def test_no_baseline_shows_the_n_at_the_start() -> None:
    row = only([rating(n, 4) for n in (1, 5, 30)], [plan()], as_of=day(42))
    assert (row["pain_baseline"], row["pain_baseline_n"], row["pain_baseline_from"]) == (None, 2, None)
    assert (row["pain_latest"], row["pain_latest_n"], row["unpaused_days"]) == (None, 1, None)
    assert row["flags"].split(";") == ["too_little_data"]


def test_too_little_data_from_day_42_on() -> None:
    logs = [session(n) for n in (1, 10, 20, 30, 40)]
    assert "too_little_data" not in flags(logs, [plan()], as_of=day(41))
    assert "too_little_data" in flags(logs, [plan()], as_of=day(42))


def test_change_needs_two_blocks_apart() -> None:
    logs = ratings((1, 14, 5.0), (15, 28, 3.0))
    row = only(logs, [plan()], as_of=day(28))
    assert (row["pain_change"], row["pain_change_rel"], row["improved"]) == (-2, -0.4, True)
    touching = only(logs, [plan()], as_of=day(27))
    assert (touching["pain_change"], touching["improved"]) == (None, None)


def test_improved_is_exact_at_its_bounds() -> None:
    assert is_improved(23 / 6 - 16 / 3, None) is True
    assert is_improved(-1.49, -0.29) is False
    assert is_improved(-0.9, -0.3) is True
    assert is_improved(None, None) is None


def test_a_baseline_of_zero_has_no_relative_change() -> None:
    row = only(ratings((1, 14, 0.0), (15, 28, 0.0)), [plan()], as_of=day(28))
    assert (row["pain_change"], row["pain_change_rel"], row["improved"]) == (0, None, False)


# --- Worsening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pain", "holds"), [(5.0, True), (5.0 - 1e-10, True), (4.99, False)])
def test_the_rise_rule_on_both_sides_of_two(pain: float, holds: bool) -> None:
    # The 42 days to day 60 and to day 67 are flat, so that no trend helps: only the 2 points count.
    daily = pains((1, 14, 3.0), (15, 67, pain))
    assert rise_holds(daily, START, day(60)) is holds
    logs = ratings((1, 14, 3.0), (15, 67, pain))
    assert ("worsening" in flags(logs, [plan()], as_of=day(67))) is holds


def test_worsening_is_asked_twice() -> None:
    # On day 42 all 14 days of the latest block are at 5 (2 points up); on day 41 they are 13 of 14.
    logs = ratings((1, 28, 3.0), (29, 49, 5.0))
    now = only(logs, [plan()], as_of=day(49))
    before = only(logs, [plan()], as_of=day(48))
    assert (now["flags"].startswith("worsening"), now["watch"]) == (True, False)
    assert (before["flags"].startswith("worsening"), before["watch"]) == (False, True)


def test_one_and_a_half_points_need_a_trend() -> None:
    # Day 49: 21 days at 3 and 21 at 4.5: 441 rising pairs of 861, so the median slope is above 0.
    # Day 42: 28 at 3 and 14 at 4.5: 392 rising pairs of 861, and the slope is 0.
    daily = pains((1, 28, 3.0), (29, 49, 4.5))
    assert rise_holds(daily, START, day(49))
    assert not rise_holds(daily, START, day(42))
    assert not rise_holds(pains((1, 28, 3.0), (29, 49, 4.49)), START, day(49))


def test_the_earlier_block_is_the_reference_where_it_is_lower() -> None:
    # Baseline 5, then 2, then 5 again: against the baseline nothing happened, against the fortnight before it did.
    daily = pains((1, 14, 5.0), (15, 42, 2.0), (43, 56, 5.0))
    assert rise_holds(daily, START, day(56))
    assert not rise_holds(pains((1, 14, 5.0), (43, 56, 5.0)), START, day(56))


def test_the_earlier_block_keeps_clear_of_a_long_latest_block() -> None:
    # Latest at day 60: 47 to 60 hold 4 rated days, so days 46 and 40 join; E is day 40, the earlier block ends on 39.
    daily = {day(n): 5.0 for n in (40, 46, 48, 50, 52, 60)} | pains((36, 39, 3.0))
    assert rise_holds(daily, START, day(60))
    # Did it run from day 46, its mean would be 22/6 and the rise 1.33. Against 3.6 the rise is 1.4.
    assert not rise_holds(daily | pains((36, 39, 3.6)), START, day(60))


# --- The other flags --------------------------------------------------------------------------------------------------


def test_persistent_from_day_42_above_three_and_a_half() -> None:
    logs = ratings((1, 50, 4.0))
    assert "persistent" not in flags(logs, [plan()], as_of=day(41))
    assert "persistent" in flags(logs, [plan()], as_of=day(42))
    assert "persistent" not in flags(ratings((1, 50, 3.5)), [plan()], as_of=day(42))
    pauses = [{"patient_id": "a", "start": day(20), "end": day(21)}]
    assert only(logs, [plan()], pauses, as_of=day(43))["unpaused_days"] == 41
    assert "persistent" not in flags(logs, [plan()], pauses, as_of=day(43))
    assert "persistent" in flags(logs, [plan()], pauses, as_of=day(44))


def test_still_high_from_day_84() -> None:
    logs = ratings((1, 14, 8.0), (15, 84, 5.0))
    assert "still_high" not in flags(logs, [plan()], as_of=day(83))
    assert "still_high" in flags(logs, [plan()], as_of=day(84))
    assert "still_high" not in flags(ratings((1, 14, 8.0), (15, 84, 4.9)), [plan()], as_of=day(84))


@pytest.mark.parametrize(
    ("daily", "as_of", "flare"),
    [
        (pains((1, 6, 2.0), (7, 8, 4.0)), 8, True),
        (pains((1, 6, 2.0), (7, 7, 4.0)), 7, False),  # one day is no run
        (pains((1, 5, 2.0), (7, 8, 4.0)), 8, False),  # 5 rated days before
        (pains((1, 6, 2.0), (7, 8, 3.9)), 8, False),  # below 4
        (pains((1, 6, 2.5), (7, 8, 4.4)), 8, False),  # 1.9 above
        (pains((1, 6, 2.0), (7, 8, 4.0), (9, 9, 3.0)), 9, False),  # it is over
        (pains((1, 6, 2.0), (7, 8, 4.0)), 20, True),  # days 7 to 20 are the last 14
        (pains((1, 6, 2.0), (7, 8, 4.0)), 21, False),
        (pains((1, 6, 2.0), (9, 16, 6.0)), 16, True),  # a run of 2 has a median of 4 before it, still 2 less
        (pains((1, 6, 2.0), (9, 16, 5.0)), 16, True),  # only the longer runs stand out
    ],
)
def test_flare(daily: dict[date, float], as_of: int, flare: bool) -> None:
    assert is_flare(daily, day(as_of)) is flare


@pytest.mark.parametrize(
    ("policy", "scores", "stop"),
    [
        ("article", {"pain": 2, "pain_during": 2.5}, True),
        ("article", {"pain": 2, "pain_after": 2, "pain_next_morning": 9}, False),
        ("nemex", {"pain": 2, "pain_during": 5}, False),
        ("nemex", {"pain": 2, "pain_during": 5.5}, True),
        ("nemex", {"pain": 6, "pain_after": 6, "pain_during": 5.5}, False),
        ("nemex", {"pain": 2, "pain_next_morning": 4}, True),
        ("nemex", {"pain": 2, "pain_next_morning": 3.9}, False),
        ("silbernagel", {"pain": 2, "pain_after": 5.5}, True),
        ("silbernagel", {"pain": 2, "pain_after": 4, "pain_next_morning": 2.5}, True),
        ("silbernagel", {"pain": 2, "pain_after": 5, "pain_next_morning": 2}, False),
        ("silbernagel", {"pain": 2, "pain_after": 4}, False),
        ("silbernagel", {"pain": 2, "pain_after": 3.9, "pain_next_morning": 9}, False),
    ],
)
def test_pain_policies(policy: str, scores: dict[str, float], stop: bool) -> None:
    columns = ("pain", "pain_during", "pain_after", "pain_next_morning")
    assert policy_says_stop({column: scores.get(column) for column in columns}, policy) is stop


def test_an_exercise_aggravates_in_two_of_its_last_three() -> None:
    stop: dict[str, Any] = {"pain": 2.0, "pain_during": 6.0}
    fine: dict[str, Any] = {"pain": 2.0, "pain_during": 2.0}
    assert aggravating_exercises([session(1, **stop), session(2, **stop)]) == ["bridging"]
    rows = [session(1, **stop), session(2, **stop), session(3, **fine), session(4, **fine)]
    assert aggravating_exercises(rows[:3]) == ["bridging"]
    assert aggravating_exercises(rows) == []
    unscored = [session(n, pain=2.0) for n in (5, 6)]
    assert aggravating_exercises(rows[:3] + unscored) == ["bridging"]
    other = {**session(1, pain_during=6.0), "exercise": "chair_stand"}
    assert aggravating_exercises([session(1, pain=2.0), other, session(2, **stop)]) == []


def test_a_morning_alone_is_a_score_for_nemex_only() -> None:
    rows = [session(n, pain=2.0, pain_during=6.0) for n in (1, 2)]
    rows += [session(n, pain=2.0, pain_next_morning=2.0) for n in (3, 4)]
    assert aggravating_exercises(rows) == []
    assert aggravating_exercises(rows, {**NUMBERS, "pain_policy": "silbernagel"}) == ["bridging"]


def test_low_adherence() -> None:
    assert flags([session(1), session(8)], [plan()], as_of=day(14)) == ["low_adherence"]


def test_a_red_flag_stands_until_acknowledged() -> None:
    answer = {"patient_id": "a", "answered_on": day(3), "positive": True, "acknowledged_on": day(6)}
    logs = [session(1)]
    raised = [n for n in range(1, 9) if "red_flag" in flags(logs, [plan()], red_flags=[answer], as_of=day(n))]
    assert raised == [3, 4, 5]
    assert flags(logs, [plan()], red_flags=[{**answer, "positive": False}], as_of=day(3)) == []


# --- A patient's own dates --------------------------------------------------------------------------------------------


def test_programme_start() -> None:
    def start(plans: list[dict[str, Any]], recorded: int | None) -> tuple[date, str]:
        patients = [{"patient_id": "a", "programme_start": day(recorded)}] if recorded else []
        row = only([rating(2, 4), rating(30, 4)], plans, patients=patients)
        return row["programme_start"], row["plan_source"]

    assert start([], None) == (day(2), "assumed")
    assert start([], 4) == (day(4), "assumed")
    assert start([plan(5)], None) == (day(5), "plan")
    assert start([plan(5)], 1) == (day(1), "plan")
    assert start([plan(5), plan(9, new_episode=True)], 1) == (day(9), "plan")
    assert start([plan(31, new_episode=True)], None) == (day(2), "assumed")


def test_rows_outside_the_course_are_counted_and_left_out() -> None:
    row = only([session(1), session(2), session(30)], [plan(5)], as_of=day(20))
    assert (row["rows_before_start"], row["rows_after_as_of"]) == (2, 1)
    assert (row["last_log"], row["days_silent"]) == (None, 15)


def test_a_course_ends_with_a_discharge_or_a_plan() -> None:
    logs = [session(1), session(30)]
    discharged = [{"patient_id": "a", "discharged_on": day(10)}]
    assert plain_review(logs, [plan()], patients=discharged) == []
    row = only(logs, [plan()], patients=discharged, include_ended=True)
    assert (row["as_of"], row["ended"], row["rows_after_as_of"]) == (day(10), True, 1)
    back = only(logs, [plan(), plan(11, new_episode=True)], patients=discharged)
    assert (back["as_of"], back["ended"], back["programme_start"]) == (day(30), False, day(11))
    same_day = [plan(), plan(10, new_episode=True)]
    assert only(logs, same_day, patients=discharged, include_ended=True)["as_of"] == day(10)
    over = only(logs, [plan(1, valid_to=day(20))], include_ended=True)
    assert (over["as_of"], over["ended"]) == (day(20), True)
    assert only(logs, [plan(1, valid_to=day(20)), plan(25)])["as_of"] == day(30)


def test_last_log() -> None:
    logs = [session(1), session(9), session(30, "b")]
    table = plain_review(logs, [plan(patient="c")], as_of="last-log")
    assert {row["patient_id"]: row["as_of"] for row in table} == {"a": day(9), "b": day(30), "c": day(30)}


def test_who_is_listed() -> None:
    logs = [session(1), session(20, "late")]
    patients = [{"patient_id": "nobody", "programme_start": day(1)}]
    plans = [plan(patient="planned"), plan(12, patient="later")]
    table = plain_review(logs, plans, patients=patients, as_of=day(10))
    assert sorted(row["patient_id"] for row in table) == ["a", "planned"]


# --- The table --------------------------------------------------------------------------------------------------------


def test_columns_and_order() -> None:
    calm = [session(n, "calm") for n in (8, 10, 12)]
    mild = [rating(n, 2.0, "mild") for n in range(8, 15)]
    sore = [rating(n, 6.0, "sore") for n in range(8, 15)]
    logs = [*calm, *mild, *sore, session(1, "gone")]
    answer = {"patient_id": "calm", "answered_on": day(9), "positive": True, "acknowledged_on": None}
    table = plain_review(logs, as_of=day(15), red_flags=[answer])
    assert [row["patient_id"] for row in table] == ["calm", "gone", "sore", "mild"]
    assert [row["priority"] for row in table] == [1, 2, 3, 4]
    assert [row["flags"] for row in table] == ["red_flag", "silent;low_adherence", "", ""]
    assert tuple(table[0])[: len(COLUMNS)] == COLUMNS
    assert "reason" not in table[0]


def test_nothing_to_review() -> None:
    assert plain_review([]) == []
    with pytest.raises(ValueError, match="as_of"):
        plain_review([], [plan()])
