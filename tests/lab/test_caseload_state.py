import dataclasses

from hipanalytics.cohort import Cohort
from hipanalytics.lab.caseload_state import CaseloadState, sessions_text
from hipanalytics.review import review_cohort
from hipanalytics.tables import SessionLogs, empty_table


def names(state):
    return [state.rows[place].patient_id for place in state.shown]


def test_the_list_is_in_the_order_of_need_and_its_first_patient_is_chosen(review):
    state = CaseloadState(review)
    assert names(state) == review.table["patient_id"].tolist()
    assert state.chosen == names(state)[0]


def test_a_row_says_who_and_why_and_how_much_was_done(review):
    rows = {row.patient_id: row for row in CaseloadState(review).rows}
    assert rows["P-1"].sessions == "7 of 15"
    assert (rows["P-1"].mark, rows["P-1"].word) == ("–", "Low adherence")
    assert rows["P-1"].brief == "7 of 15 sessions done in the last 4 weeks"
    assert "clears at 50% of the sessions due" in rows["P-1"].reason
    assert (rows["NO-SCORES"].mark, rows["NO-SCORES"].word) == ("○", "Silent")
    assert rows["NO-SCORES"].brief.startswith("Nothing logged for 19 days")
    assert rows["NO-PLAN"].sessions == "–"


def test_a_search_keeps_rows_that_hold_every_word(review):
    state = CaseloadState(review)
    state.search("NOTHING logged")
    assert names(state) == ["NO-SCORES"]
    state.search("p-1 nothing")
    assert names(state) == []
    state.search("  ")
    assert len(names(state)) == 3


def test_who_drops_out_of_the_search_makes_way_for_the_first_left(review):
    state = CaseloadState(review)
    state.choose("P-1")
    state.search("no-")
    assert state.chosen == names(state)[0] != "P-1"
    state.search("p-1")
    assert state.chosen == "P-1"
    state.search("nobody at all")
    assert state.chosen is None


def test_only_who_is_listed_can_be_chosen(review):
    state = CaseloadState(review)
    state.choose("P-9")
    assert state.chosen == names(state)[0]


def test_an_empty_caseload_has_nobody_chosen():
    nobody = Cohort(logs=empty_table(SessionLogs))
    state = CaseloadState(review_cohort(nobody, "2026-03-15"))
    assert (state.shown, state.chosen) == ([], None)


def test_rows_go_to_the_browser_as_text(review):
    for row in CaseloadState(review).rows:
        assert {type(value) for value in row.as_dict().values()} == {str}
        assert list(row.as_dict()) == [field.name for field in dataclasses.fields(row)]


def test_sessions_not_known_are_a_dash_and_never_zero():
    assert sessions_text(float("nan"), float("nan"), float("nan")) == "–"
    assert sessions_text(0, 12, float("nan")) == "–"
    assert sessions_text(0, 12, 0.0) == "0 of 12"
    assert sessions_text(3, 78 / 7, 0.5) == "3 of 11.1"


def test_a_row_says_what_is_new_where_there_is_a_clinic(review, review_with_notes):
    rows = {row.patient_id: row for row in CaseloadState(review_with_notes).rows}
    assert rows["P-1"].new == "New"
    assert rows["P-1"].news == ("New since <b>Dr Weber's review of 3 Feb 2026: low adherence. "
                                "Review due since 24 Feb 2026.")
    assert (rows["NO-PLAN"].new, rows["NO-PLAN"].news) == ("", "Never reviewed.")
    assert {(row.new, row.news) for row in CaseloadState(review).rows} == {("", "")}


def test_the_news_are_searched_too(review_with_notes):
    state = CaseloadState(review_with_notes)
    state.search("new since")
    assert names(state) == ["P-1"]
    state.search("never reviewed")
    assert sorted(names(state)) == ["NO-PLAN", "NO-SCORES"]
