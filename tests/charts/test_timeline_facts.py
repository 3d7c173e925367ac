import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hipanalytics.charts.timeline import timeline_facts
from hipanalytics.errors import CohortError
from hipanalytics.review import review_cohort
from tests.charts.conftest import P_1, cohort_of


def day(text):
    return dt.date.fromisoformat(text)


@pytest.fixture(scope="module")
def facts(review):
    return timeline_facts(review, "P-1")


def test_every_rated_day_is_a_dot_and_a_day_without_a_score_is_none(facts):
    assert [(point.day, point.pain) for point in facts.rated] == [
        (day(text), pain) for text, pain in P_1 if pain is not None]
    assert facts.rated[0].words == "5 Jan 2026: pain 7.0"


def test_the_weekly_line_breaks_where_no_day_was_rated(facts):
    assert [point.pain for point in facts.weekly] == [7.0, 5.5, None, None, 4.0, None, 3.0, 2.0]
    assert [point.day for point in facts.weekly][:2] == [day("2026-01-08"), day("2026-01-15")]
    assert facts.weekly[0].words == "Week 1, 5 Jan to 11 Jan 2026: mean 7.0 (n 3)"
    assert facts.weekly[7].words == "Week 8, 23 Feb to 1 Mar 2026, in progress: mean 2.0 (n 1)"


def test_the_blocks_carry_their_mean_and_n(facts):
    first, latest = facts.blocks
    assert (first.first_day, first.last_day, first.words) == (
        day("2026-01-05"), day("2026-01-14"), "first block: mean 6.4 (n 5)")
    assert (latest.first_day, latest.last_day, latest.words) == (
        day("2026-02-05"), day("2026-02-24"), "latest block: mean 3.4 (n 5)")


def test_dots_show_what_was_done_what_was_not_and_where_nothing_was_logged(facts):
    signs = {"done": "●", "open": "○", "dash": "–", "ahead": "·"}
    columns = {}
    for dot in facts.dots:
        columns[dot.day] = columns.get(dot.day, "") + signs[dot.kind]
    weeks = [columns.get(day("2026-01-08") + dt.timedelta(weeks=week), "") for week in range(8)]
    assert weeks == ["●●●", "●●○", "", "–––", "●●●●●", "●○○○", "●○○○", "●···"]
    assert facts.dot_rows == 5
    assert facts.running_week == day("2026-02-26")


def test_the_words_of_a_week_say_done_and_due(facts):
    words = {dot.day: dot.words for dot in facts.dots}
    assert words[day("2026-01-29")] == "Week 4, 26 Jan to 1 Feb 2026: nothing logged, 3 due"
    assert words[day("2026-02-05")] == "Week 5, 2 Feb to 8 Feb 2026: 5 done, 4 due"
    assert words[day("2026-02-26")] == "Week 8, 23 Feb to 1 Mar 2026, in progress: 1 done, 4 due"


def test_due_sessions_of_a_prorated_week_are_rounded_up():
    cohort = cohort_of({"P-1": P_1})
    pauses = cohort.pauses.assign(end=cohort.pauses["end"].max() - dt.timedelta(days=1))
    facts = timeline_facts(review_cohort(_with(cohort, pauses=pauses)), "P-1")
    assert [dot.kind for dot in facts.dots if dot.day == day("2026-01-22")] == ["dash"]


def test_pauses_and_plan_changes_have_words(facts):
    (pause,) = facts.pauses
    assert (pause.first_day, pause.last_day) == (day("2026-01-19"), day("2026-01-25"))
    assert pause.words == "Pause, 19 Jan 2026 to 25 Jan 2026: a <b>cold</b>"
    (change,) = facts.plan_labels
    assert change.day == day("2026-02-02")
    assert change.full_words == "plan 2: 4 a week, + hip abduction (right), – mini squat, new dose of hip flexion"


def test_an_open_pause_reaches_to_the_day_of_the_review():
    cohort = cohort_of({"P-1": P_1})
    pauses = cohort.pauses.assign(start=cohort.pauses["start"] + dt.timedelta(days=32), end=None)
    pauses["end"] = pauses["end"].astype("datetime64[us]")
    facts = timeline_facts(review_cohort(_with(cohort, pauses=pauses)), "P-1")
    assert [(pause.first_day, pause.last_day) for pause in facts.pauses] == [(day("2026-02-20"), day("2026-02-24"))]


def test_the_sentence_says_the_change_and_what_is_missing(facts):
    assert facts.sentence == (
        "Pain fell by 3.0: mean 6.4 over 5 rated days at first, 3.4 over 5 rated days lately. "
        "3 of 7 complete weeks have no pain score: left out, not counted as 0.")


def test_the_axis_holds_the_whole_running_week_and_is_never_shorter_than_six_weeks(review, facts):
    assert (facts.axis.first_day, facts.axis.last_day) == (day("2026-01-05"), day("2026-03-02"))
    short = timeline_facts(review, "NO-PLAN").axis
    assert (short.last_day - short.first_day).days == 42


def test_a_patient_without_scores_has_a_sentence_and_no_point(review):
    facts = timeline_facts(review, "NO-SCORES")
    assert facts.empty == "No pain scores up to 24 Feb 2026"
    assert facts.rated == facts.blocks == ()
    assert {point.pain for point in facts.weekly} == {None}
    assert facts.sentence.startswith("Change in pain is not known: 0 of 4 rated days in the first block.")


def test_a_thin_block_says_how_many_it_needs(review):
    first, latest = timeline_facts(review, "NO-PLAN").blocks
    assert first.words == "first block: 1 of 4 rated days"
    assert first.mean is None
    assert first.row != latest.row


def test_a_patient_who_is_not_listed_is_an_error_in_words(review):
    with pytest.raises(CohortError, match="Patient P-9 is not in this review"):
        timeline_facts(review, "P-9")


def test_a_patient_alone_has_the_same_timeline_as_in_a_cohort(review, facts):
    assert timeline_facts(review_cohort(cohort_of({"P-1": P_1}), "2026-02-24"), "P-1") == facts


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(1, 10)), min_size=len(P_1), max_size=len(P_1)))
def test_a_missing_score_is_never_drawn_as_zero(scores):
    days = [(text, score) for (text, _), score in zip(P_1, scores, strict=True)]
    facts = timeline_facts(review_cohort(cohort_of({"P-1": days})), "P-1")
    assert [point.pain for point in facts.rated] == [score for score in scores if score is not None]
    drawn = [point.pain for point in facts.weekly if point.pain is not None]
    assert all(pain >= 1 for pain in drawn)


def _with(cohort, **tables):
    from dataclasses import replace

    return replace(cohort, **tables)
