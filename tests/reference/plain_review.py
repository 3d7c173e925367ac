"""The review table once more, in plain loops, written from the definitions alone.

It is slow on purpose and shares nothing with the package. Read it from top to bottom as a manual of the rules: a
patient's days, the programme weeks, adherence, pain, the flags, the table. Every threshold stands in `NUMBERS`.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

Row = Mapping[str, Any]
Numbers = Mapping[str, Any]
Stamp = tuple[date, int, time]  # a day, 0 for a date alone or 1 for a day with a time, and that time
DailyPain = dict[date, float]

NUMBERS: dict[str, Any] = {
    "tolerance": 1e-9,  # two pains closer than this are equal
    "assumed_sessions_per_week": 3,
    "counted_week_sessions_due": 1,  # a week with less due is not counted
    "recent_weeks": 4,
    "label_weeks_min": 2,
    "label_coverage_min": 0.5,
    "label_full": 0.8,
    "label_part": 0.5,
    "block_days": 14,
    "block_days_extended": 21,
    "block_rated_wanted": 6,
    "block_rated_min": 4,
    "trend_days": 42,
    "trend_rated_min": 5,
    "improved_change": -1.5,
    "improved_relative": -0.3,
    "rise_alone": 2.0,
    "rise_with_trend": 1.5,
    "rise_p_below": 0.05,
    "rise_look_back_days": 7,
    "persistent_days": 42,
    "persistent_pain_above": 3.5,
    "still_high_days": 84,
    "still_high_pain": 5.0,
    "flare_run_min": 2,
    "flare_within_days": 14,
    "flare_pain": 4.0,
    "flare_above_median": 2.0,
    "flare_before_days": 28,
    "flare_before_rated_min": 6,
    "aggravating_sessions": 3,
    "aggravating_stops": 2,
    "pain_policy": "nemex",
    "policy_stop_above": 5.0,
    "policy_band_from": 4.0,
    "policy_next_morning_rise": 2.0,
    "silent_days": 14,
    "too_little_data_days": 42,
}

FLAG_ORDER = (
    "red_flag",
    "worsening",
    "persistent",
    "still_high",
    "flare",
    "aggravating_exercise",
    "silent",
    "low_adherence",
    "too_little_data",
)

COLUMNS = (
    *("patient_id", "as_of", "programme_start", "plan_source", "weeks_complete", "weeks_counted", "sessions_per_week"),
    *("done_4w", "due_4w", "adherence_4w", "adherence_4w_logged", "adherence_all", "adherence_all_raw"),
    *("weeks_on_plan", "log_coverage_4w", "adherence_label", "last_log", "days_silent"),
    *("pain_baseline", "pain_baseline_n", "pain_baseline_from", "pain_latest", "pain_latest_n"),
    *("pain_change", "pain_change_rel", "pain_slope_per_week", "pain_rise_p", "pain_trend_n", "flags", "priority"),
)
FURTHER = ("watch", "aggravating", "unpaused_days", "ended", "rows_before_start", "rows_after_as_of", "improved")


# --- Comparing with a tolerance ---------------------------------------------------------------------------------------


def at_least(value: float, bound: float, numbers: Numbers = NUMBERS) -> bool:
    """A value that misses the bound by no more than the tolerance has reached it."""
    return bool(value >= bound - numbers["tolerance"])


def at_most(value: float, bound: float, numbers: Numbers = NUMBERS) -> bool:
    """A value that passes the bound by no more than the tolerance has not passed it."""
    return bool(value <= bound + numbers["tolerance"])


def above(value: float, bound: float, numbers: Numbers = NUMBERS) -> bool:
    """A value is above a bound only when it is so by more than the tolerance."""
    return bool(value > bound + numbers["tolerance"])


# --- Days, sessions and rows ------------------------------------------------------------------------------------------


def days_from_to(first: date, last: date) -> list[date]:
    """All days from the first to the last, both included; none where the last lies before the first."""
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean, the same in whatever order the values come."""
    return math.fsum(values) / len(values)


def day_of(row: Row) -> date:
    """The day on which a row was performed."""
    stamp = row["performed_at"]
    return stamp.date() if isinstance(stamp, datetime) else stamp


def stamp_of(row: Row) -> Stamp:
    """What makes rows of one patient one session; a date alone is not midnight, and comes first on its day."""
    stamp = row["performed_at"]
    return (stamp.date(), 1, stamp.time()) if isinstance(stamp, datetime) else (stamp, 0, time.min)


def is_session_row(row: Row) -> bool:
    """A row with an exercise or with a `done` speaks of a session; one with neither is a rating."""
    return row.get("exercise") is not None or row.get("done") is not None


def is_done(row: Row) -> bool:
    """Done is only what is known to be done: not known is not done."""
    return row.get("done") is True


def rows_between(rows: Iterable[Row], first: date, last: date) -> list[Row]:
    """The rows of the days from the first to the last, both included."""
    return [row for row in rows if first <= day_of(row) <= last]


def in_pause(day: date, pauses: Iterable[Row]) -> bool:
    """A day lies in a pause from its start to its end, both included; a pause without an end goes on."""
    for pause in pauses:
        end = pause.get("end")
        if pause["start"] <= day and (end is None or day <= end):
            return True
    return False


def unpaused(days: Iterable[date], pauses: Sequence[Row]) -> int:
    """How many of the days lie in no pause."""
    return sum(1 for day in days if not in_pause(day, pauses))


# --- Plans, programme start, as_of ------------------------------------------------------------------------------------


def versions_begun(plans: Iterable[Row], by: date) -> list[Row]:
    """The versions of a plan that have begun by a day, first to last; later ones do not exist yet."""
    return sorted((p for p in plans if p["valid_from"] <= by), key=lambda p: p["valid_from"])


def latest_day(rows: Iterable[Row]) -> date | None:
    """The day of the last row of any kind."""
    days = [day_of(row) for row in rows]
    return max(days) if days else None


def asked_as_of(as_of: date | str | None, own_rows: Sequence[Row], default: date | None) -> date:
    """Step 1: the date asked for, or the latest day in the logs, or with `last-log` that of the patient's own rows."""
    if isinstance(as_of, date):
        return as_of
    if as_of not in (None, "last-log"):
        raise ValueError(f"as_of is a date, 'last-log' or nothing, not {as_of!r}")
    own_last = latest_day(own_rows) if as_of == "last-log" else None
    day = own_last or default
    if day is None:
        raise ValueError("without any row in the logs, as_of must be given as a date")
    return day


def discharge_of(patient: Row, plans: Sequence[Row], by: date) -> date | None:
    """The day of discharge, unless a new episode has begun after it, by the day asked for: then it is void."""
    discharged_on: date | None = patient.get("discharged_on")
    if discharged_on is None:
        return None
    for plan in versions_begun(plans, by):
        if plan.get("new_episode") and plan["valid_from"] > discharged_on:
            return None
    return discharged_on


def patient_as_of(asked: date, patient: Row, plans: Sequence[Row]) -> date:
    """Steps 2 and 3: not after the discharge, and then not after the end of the last version begun by then."""
    day = asked
    discharged_on = discharge_of(patient, plans, asked)
    if discharged_on is not None:
        day = min(day, discharged_on)
    begun = versions_begun(plans, day)
    if begun and begun[-1].get("valid_to") is not None:
        day = min(day, begun[-1]["valid_to"])
    return day


def has_ended(asked: date, patient: Row, plans: Sequence[Row], review_day: date) -> bool:
    """Whether the discharge, or the end of the last version begun by then, lies before the day of the review."""
    discharged_on = discharge_of(patient, plans, asked)
    begun = versions_begun(plans, asked if discharged_on is None else min(asked, discharged_on))
    plan_end = begun[-1].get("valid_to") if begun else None
    return any(end is not None and end < review_day for end in (discharged_on, plan_end))


def programme_start(versions: Sequence[Row], patient: Row, rows: Sequence[Row]) -> date:
    """The latest new episode; else the recorded start; else the first version; else the first row of any kind."""
    episodes: list[date] = [v["valid_from"] for v in versions if v.get("new_episode")]
    if episodes:
        return max(episodes)
    recorded: date | None = patient.get("programme_start")
    if recorded is not None:
        return recorded
    if versions:
        first: date = versions[0]["valid_from"]
        return first
    return min(day_of(row) for row in rows)


def sevenths_due(day: date, versions: Sequence[Row], pauses: Sequence[Row], numbers: Numbers = NUMBERS) -> int:
    """What one day adds to the sessions due, in sevenths of a session.

    Nothing in a pause. Before the first version, and without any, the assumed number. Else that of the last version
    that has begun, and nothing once that one is over: an earlier version never comes back.
    """
    if in_pause(day, pauses):
        return 0
    begun = [v for v in versions if v["valid_from"] <= day]
    if not begun:
        return int(numbers["assumed_sessions_per_week"])
    current = begun[-1]
    if current.get("valid_to") is not None and day > current["valid_to"]:
        return 0
    return int(current["sessions_per_week"])


# --- Programme weeks --------------------------------------------------------------------------------------------------


def week_panel(
    rows: Sequence[Row],
    versions: Sequence[Row],
    pauses: Sequence[Row],
    start: date,
    as_of: date,
    numbers: Numbers = NUMBERS,
) -> list[dict[str, Any]]:
    """One patient's programme weeks, from week 0 to the one that `as_of` lies in, complete or running."""
    versions = versions_begun(versions, as_of)
    panel: list[dict[str, Any]] = []
    first = start
    while first <= as_of:
        panel.append({"week": len(panel), **one_week(rows, versions, pauses, first, as_of, numbers)})
        first = first + timedelta(days=7)
    return panel


def one_week(
    rows: Sequence[Row], versions: Sequence[Row], pauses: Sequence[Row], first: date, as_of: date, numbers: Numbers
) -> dict[str, Any]:
    """A week: complete once its last day has come; due on each of its days; done on distinct days, in a pause too."""
    last = first + timedelta(days=6)
    week_rows = rows_between(rows, first, min(last, as_of))
    session_rows = [row for row in week_rows if is_session_row(row)]
    pains = list(daily_pain(week_rows).values())
    return {
        "first_day": first,
        "complete": last <= as_of,
        "due_sevenths": sum(sevenths_due(day, versions, pauses, numbers) for day in days_from_to(first, last)),
        "done_days": len({day_of(row) for row in session_rows if is_done(row)}),
        "session_row_present": len(session_rows) > 0,
        "pain_mean": mean(pains) if pains else None,
        "rated_days": len(pains),
    }


def is_counted(week: Row, numbers: Numbers = NUMBERS) -> bool:
    """A week counts when it is complete and has at least one whole session due."""
    return bool(week["complete"] and week["due_sevenths"] >= 7 * numbers["counted_week_sessions_due"])


# --- Adherence --------------------------------------------------------------------------------------------------------


def adherence_of(
    done_list: Sequence[int], due_sevenths_list: Sequence[int], logged_list: Sequence[bool]
) -> dict[str, float | None]:
    """The five figures over the counted weeks given: days done, sevenths due, and whether any session row is there.

    Sessions are compared as whole sevenths. All are missing without a week; `logged` also without a logged week.
    """
    weeks = len(done_list)
    capped_sevenths = 0
    due_sevenths = 0
    logged_capped_sevenths = 0
    logged_due_sevenths = 0
    on_plan = 0
    for done, due, logged in zip(done_list, due_sevenths_list, logged_list, strict=True):
        capped = min(7 * done, due)
        capped_sevenths += capped
        due_sevenths += due
        on_plan += 1 if 7 * done >= due else 0
        if logged:
            logged_capped_sevenths += capped
            logged_due_sevenths += due
    return {
        "capped": share(capped_sevenths, due_sevenths),
        "logged": share(logged_capped_sevenths, logged_due_sevenths),
        "raw": share(7 * sum(done_list), due_sevenths),
        "weeks_on_plan": share(on_plan, weeks),
        "log_coverage": share(sum(1 for logged in logged_list if logged), weeks),
    }


def share(part: int, whole: int) -> float | None:
    """Part of a whole as a fraction; missing where the whole is nothing."""
    return part / whole if whole else None


def adherence_over(weeks: Sequence[Row]) -> dict[str, float | None]:
    """The five figures of some weeks of the panel."""
    return adherence_of(
        [week["done_days"] for week in weeks],
        [week["due_sevenths"] for week in weeks],
        [week["session_row_present"] for week in weeks],
    )


def adherence_label(weeks: int, capped: float | None, coverage: float | None, numbers: Numbers = NUMBERS) -> str:
    """One word on the last four counted weeks: first whether they can be judged at all, then how they went.

    The quotient of two whole numbers is rounded correctly, so one that is exactly at a bound compares as equal to it.
    """
    if weeks < numbers["label_weeks_min"] or capped is None or coverage is None:
        return "too_early"
    if coverage < numbers["label_coverage_min"]:
        return "unrecorded"
    if capped >= numbers["label_full"]:
        return "full"
    return "part" if capped >= numbers["label_part"] else "low"


# --- Pain: days and blocks --------------------------------------------------------------------------------------------


def daily_pain(rows: Iterable[Row]) -> DailyPain:
    """A day's pain is the mean of its sessions, a session's that of its rated rows; other days are absent."""
    sessions: dict[Stamp, list[float]] = {}
    for row in rows:
        if row.get("pain") is not None:
            sessions.setdefault(stamp_of(row), []).append(row["pain"])
    days: dict[date, list[float]] = {}
    for stamp, pains in sessions.items():
        days.setdefault(stamp[0], []).append(mean(pains))
    return {day: mean(days[day]) for day in sorted(days)}


def block_of(daily: DailyPain, anchor: date, direction: int, numbers: Numbers = NUMBERS) -> list[date]:
    """The rated days of a block, in the order of time; the anchor is day 1, direction 1 is forward and -1 backward.

    All rated days of the first 14; while these are fewer than 6, the next rated ones, no further than day 21.
    """
    block: list[date] = []
    for number in range(1, numbers["block_days_extended"] + 1):
        day = anchor + timedelta(days=direction * (number - 1))
        if number > numbers["block_days"] and len(block) >= numbers["block_rated_wanted"]:
            break
        if day in daily:
            block.append(day)
    return sorted(block)


def is_enough(block: Sequence[date], numbers: Numbers = NUMBERS) -> bool:
    """A block is known from 4 rated days on."""
    return bool(len(block) >= numbers["block_rated_min"])


def block_mean(daily: DailyPain, block: Sequence[date], numbers: Numbers = NUMBERS) -> float | None:
    """The mean of a block's rated days; missing where they are too few."""
    return mean([daily[day] for day in block]) if is_enough(block, numbers) else None


def baseline_of(daily: DailyPain, start: date, numbers: Numbers = NUMBERS) -> tuple[date | None, list[date]]:
    """The anchor of the baseline and its rated days.

    The block forward from the start; has it too few, that from the first rated day which gives enough (a late
    baseline). Where no day does: no anchor, and the block at the start for its n.
    """
    at_start = block_of(daily, start, 1, numbers)
    if is_enough(at_start, numbers):
        return start, at_start
    for day in sorted(daily):
        late = block_of(daily, day, 1, numbers)
        if is_enough(late, numbers):
            return day, late
    return None, at_start


def change_of(daily: DailyPain, baseline: list[date], latest: list[date], numbers: Numbers = NUMBERS) -> float | None:
    """Latest minus baseline, known when both are and the one ends before the other begins."""
    before = block_mean(daily, baseline, numbers)
    after = block_mean(daily, latest, numbers)
    if before is None or after is None or not baseline[-1] < latest[0]:
        return None
    return after - before


def relative_change(change: float | None, baseline: float | None, numbers: Numbers = NUMBERS) -> float | None:
    """Change as a fraction of the baseline; none where the baseline is 0."""
    if change is None or baseline is None or not above(baseline, 0, numbers):
        return None
    return change / baseline


def is_improved(change: float | None, relative: float | None, numbers: Numbers = NUMBERS) -> bool | None:
    """Improved by 1.5 points or by 30 per cent; not known where the change is not."""
    if change is None:
        return None
    if at_most(change, numbers["improved_change"], numbers):
        return True
    return relative is not None and at_most(relative, numbers["improved_relative"], numbers)


# --- Pain: trend ------------------------------------------------------------------------------------------------------


def theil_sen(days: Sequence[float], values: Sequence[float]) -> float | None:
    """The median of the slopes between any two points, per day; missing without two different days."""
    slopes: list[float] = []
    for i in range(len(days)):
        later = [j for j in range(i + 1, len(days)) if days[j] != days[i]]
        slopes.extend((values[j] - values[i]) / (days[j] - days[i]) for j in later)
    return statistics.median(slopes) if slopes else None


def mann_kendall(values: Sequence[float], tolerance: float = 1e-9) -> tuple[int, float, float, float]:
    """S, its tie-corrected variance, z, and the one-sided p for a rise, of values in the order of time."""
    s = 0
    for i in range(len(values)):
        for j in range(i + 1, len(values)):
            difference = values[j] - values[i]
            if difference > tolerance:
                s += 1
            elif difference < -tolerance:
                s -= 1
    n = len(values)
    ties = sum(size * (size - 1) * (2 * size + 5) for size in tie_sizes(values, tolerance))
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if variance <= 0:  # all values are equal
        return s, variance, 0.0, 1.0
    z = 0.0
    if s != 0:
        z = (s - 1 if s > 0 else s + 1) / math.sqrt(variance)
    return s, variance, z, 0.5 * math.erfc(z / math.sqrt(2))


def tie_sizes(values: Sequence[float], tolerance: float) -> list[int]:
    """The sizes of the groups of equal values: sorted neighbours within the tolerance belong together."""
    sizes: list[int] = []
    previous: float | None = None
    for value in sorted(values):
        if previous is not None and value - previous <= tolerance:
            sizes[-1] += 1
        else:
            sizes.append(1)
        previous = value
    return sizes


def trend_at(daily: DailyPain, day: date, numbers: Numbers = NUMBERS) -> tuple[float | None, float | None, int]:
    """Slope per week, p for a rise, and the rated days, of the 42 days that end at a day; needs 5 rated days."""
    first = day - timedelta(days=numbers["trend_days"] - 1)
    rated = [d for d in days_from_to(first, day) if d in daily]
    if len(rated) < numbers["trend_rated_min"]:
        return None, None, len(rated)
    values = [daily[d] for d in rated]
    slope = theil_sen([d.toordinal() for d in rated], values)
    p = mann_kendall(values, numbers["tolerance"])[3]
    return (None if slope is None else 7 * slope), p, len(rated)


# --- Pain: worsening and flare ----------------------------------------------------------------------------------------


def rise_reference(daily: DailyPain, start: date, latest: list[date], day: date, numbers: Numbers) -> float | None:
    """What the latest block at a day is held against: the lower of those known of baseline and earlier block.

    The baseline must end before the latest block begins. The earlier block runs backward from the day before the
    first rated day of the latest block, or before the first of its 14 days where that is earlier.
    """
    references: list[float] = []
    baseline = baseline_of(daily, start, numbers)[1]
    if is_enough(baseline, numbers) and baseline[-1] < latest[0]:
        references.append(mean([daily[d] for d in baseline]))
    edge = min(latest[0], day - timedelta(days=numbers["block_days"] - 1))
    earlier = block_of(daily, edge - timedelta(days=1), -1, numbers)
    if is_enough(earlier, numbers):
        references.append(mean([daily[d] for d in earlier]))
    return min(references) if references else None


def rise_holds(daily: DailyPain, start: date, day: date, numbers: Numbers = NUMBERS) -> bool:
    """The rise rule at a day: 2 points above the reference, or 1.5 with a trend that rises too."""
    latest = block_of(daily, day, -1, numbers)
    if not is_enough(latest, numbers):
        return False
    reference = rise_reference(daily, start, latest, day, numbers)
    if reference is None:
        return False
    rise = mean([daily[d] for d in latest]) - reference
    if at_least(rise, numbers["rise_alone"], numbers):
        return True
    slope, p, _ = trend_at(daily, day, numbers)
    rising = slope is not None and p is not None and above(slope, 0, numbers) and p < numbers["rise_p_below"]
    return rising and at_least(rise, numbers["rise_with_trend"], numbers)


def is_flare(daily: DailyPain, as_of: date, numbers: Numbers = NUMBERS) -> bool:
    """Some run of the last rated days, 2 or more of them, stands out from the four weeks before it."""
    rated = sorted(day for day in daily if day <= as_of)
    for length in range(numbers["flare_run_min"], len(rated) + 1):
        if run_stands_out(daily, rated[-length:], as_of, numbers):
            return True
    return False


def run_stands_out(daily: DailyPain, run: list[date], as_of: date, numbers: Numbers) -> bool:
    """All within the last 14 days, each 4 or more, and each 2 or more above the median of the 28 days before."""
    if run[0] < as_of - timedelta(days=numbers["flare_within_days"] - 1):
        return False
    before = days_from_to(run[0] - timedelta(days=numbers["flare_before_days"]), run[0] - timedelta(days=1))
    pains_before = [daily[day] for day in before if day in daily]
    if len(pains_before) < numbers["flare_before_rated_min"]:
        return False
    usual = statistics.median(pains_before)
    for day in run:
        high = at_least(daily[day], numbers["flare_pain"], numbers)
        if not (high and at_least(daily[day] - usual, numbers["flare_above_median"], numbers)):
            return False
    return True


# --- Exercises that aggravate -----------------------------------------------------------------------------------------


def exercise_scores(rows: Sequence[Row]) -> dict[str, float | None]:
    """One exercise in one session: the mean of its `pain`, the highest of each other score."""
    pains = [row["pain"] for row in rows if row.get("pain") is not None]
    scores: dict[str, float | None] = {"pain": mean(pains) if pains else None}
    for column in ("pain_during", "pain_after", "pain_next_morning"):
        given = [row[column] for row in rows if row.get(column) is not None]
        scores[column] = max(given) if given else None
    return scores


def is_scored(scores: Mapping[str, float | None], policy: str) -> bool:
    """A session has the scores that a policy takes when it has `pain` and one other that can make it say stop."""
    others = ["pain_during", "pain_after"] + (["pain_next_morning"] if policy == "nemex" else [])
    return scores["pain"] is not None and any(scores[column] is not None for column in others)


def policy_says_stop(scores: Mapping[str, float | None], policy: str, numbers: Numbers = NUMBERS) -> bool:
    """What the clinic's pain policy says of one scored session; a clause without its score says nothing."""
    pain = scores["pain"]
    if pain is None:
        return False
    near = [score for score in (scores["pain_during"], scores["pain_after"]) if score is not None]
    morning = scores["pain_next_morning"]
    if policy == "article":
        return any(above(score, pain, numbers) for score in near)
    limit = numbers["policy_stop_above"]
    if any(above(score, limit, numbers) and above(score, pain, numbers) for score in near):
        return True
    if policy == "nemex":
        return morning is not None and at_least(morning - pain, numbers["policy_next_morning_rise"], numbers)
    if policy == "silbernagel":
        low = numbers["policy_band_from"]
        in_band = any(at_least(score, low, numbers) and at_most(score, limit, numbers) for score in near)
        return in_band and morning is not None and above(morning, pain, numbers)
    raise ValueError(f"there is no pain policy {policy!r}")


def aggravating_exercises(rows: Iterable[Row], numbers: Numbers = NUMBERS) -> list[str]:
    """The exercises of whose last 3 scored sessions 2 say stop; only an exercise's own rows speak of it."""
    sessions: dict[str, dict[Stamp, list[Row]]] = {}
    for row in rows:
        if row.get("exercise") is not None:
            sessions.setdefault(row["exercise"], {}).setdefault(stamp_of(row), []).append(row)
    policy = numbers["pain_policy"]
    names: list[str] = []
    for exercise in sorted(sessions):
        in_order = [exercise_scores(sessions[exercise][stamp]) for stamp in sorted(sessions[exercise])]
        last = [scores for scores in in_order if is_scored(scores, policy)][-numbers["aggravating_sessions"] :]
        stops = sum(1 for scores in last if policy_says_stop(scores, policy, numbers))
        if stops >= numbers["aggravating_stops"]:
            names.append(exercise)
    return names


# --- One patient ------------------------------------------------------------------------------------------------------


def has_open_red_flag(red_flags: Iterable[Row], as_of: date) -> bool:
    """A positive answer given by the day of the review stands until it is acknowledged."""
    for answer in red_flags:
        acknowledged_on = answer.get("acknowledged_on")
        open_still = acknowledged_on is None or acknowledged_on > as_of
        if answer["positive"] and answer["answered_on"] <= as_of and open_still:
            return True
    return False


def week_columns(panel: Sequence[Row], numbers: Numbers) -> dict[str, Any]:
    """The columns that rest on programme weeks; each is missing without a counted week, but for the label."""
    counted = [week for week in panel if is_counted(week, numbers)]
    recent = counted[-numbers["recent_weeks"] :]
    overall = adherence_over(counted)
    lately = adherence_over(recent)
    return {
        "weeks_complete": sum(1 for week in panel if week["complete"]),
        "weeks_counted": len(counted),
        "done_4w": sum(week["done_days"] for week in recent) if recent else None,
        "due_4w": sum(week["due_sevenths"] for week in recent) / 7 if recent else None,
        "adherence_4w": lately["capped"],
        "adherence_4w_logged": lately["logged"],
        "adherence_all": overall["capped"],
        "adherence_all_raw": overall["raw"],
        "weeks_on_plan": overall["weeks_on_plan"],
        "log_coverage_4w": lately["log_coverage"],
        "adherence_label": adherence_label(len(recent), lately["capped"], lately["log_coverage"], numbers),
    }


def pain_columns(daily: DailyPain, start: date, as_of: date, pauses: Sequence[Row], numbers: Numbers) -> dict[str, Any]:
    """The columns that rest on daily pain, and what the flags need besides."""
    anchor, baseline = baseline_of(daily, start, numbers)
    latest = block_of(daily, as_of, -1, numbers)
    change = change_of(daily, baseline, latest, numbers)
    relative = relative_change(change, block_mean(daily, baseline, numbers), numbers)
    slope, p, trend_n = trend_at(daily, as_of, numbers)
    return {
        "pain_baseline": block_mean(daily, baseline, numbers),
        "pain_baseline_n": len(baseline),
        "pain_baseline_from": anchor,
        "pain_latest": block_mean(daily, latest, numbers),
        "pain_latest_n": len(latest),
        "pain_change": change,
        "pain_change_rel": relative,
        "pain_slope_per_week": slope,
        "pain_rise_p": p,
        "pain_trend_n": trend_n,
        "improved": is_improved(change, relative, numbers),
        "unpaused_days": None if anchor is None else unpaused(days_from_to(anchor, as_of), pauses),
    }


def is_persistent(pain: Row, worsening: bool, numbers: Numbers = NUMBERS) -> bool:
    """Six unpaused weeks or more, still above 3.5, and neither improved nor worsening."""
    if pain["improved"] is not False or worsening or pain["unpaused_days"] < numbers["persistent_days"]:
        return False
    return above(pain["pain_latest"], numbers["persistent_pain_above"], numbers)


def is_still_high(pain: Row, worsening: bool, numbers: Numbers = NUMBERS) -> bool:
    """Twelve unpaused weeks or more, improved and not worsening, but still 5 or more."""
    if pain["improved"] is not True or worsening or pain["unpaused_days"] < numbers["still_high_days"]:
        return False
    return at_least(pain["pain_latest"], numbers["still_high_pain"], numbers)


def days_without_log(last_log: date | None, start: date, as_of: date, pauses: Sequence[Row]) -> int:
    """The unpaused days after the last row, or after the programme start where there is none, up to `as_of`."""
    since = start if last_log is None else last_log
    return unpaused(days_from_to(since + timedelta(days=1), as_of), pauses)


def raised_flags(facts: Row, open_red_flag: bool, paused: bool, numbers: Numbers) -> list[str]:
    """The codes of one patient's flags, in the order of their weight."""
    worsening = facts["rise_now"] and facts["rise_before"]
    days_in_programme = (facts["as_of"] - facts["programme_start"]).days + 1
    due_for_data = days_in_programme >= numbers["too_little_data_days"]
    raised = {
        "red_flag": open_red_flag,
        "worsening": worsening,
        "persistent": is_persistent(facts, worsening, numbers),
        "still_high": is_still_high(facts, worsening, numbers),
        "flare": facts["flare"],
        "aggravating_exercise": len(facts["aggravating"]) > 0,
        "silent": facts["days_silent"] >= numbers["silent_days"] and not paused,
        "low_adherence": facts["adherence_label"] == "low",
        "too_little_data": due_for_data and facts["pain_change"] is None and not paused,
    }
    return [code for code in FLAG_ORDER if raised[code]]


def review_patient(
    rows: Sequence[Row],
    plans: Sequence[Row],
    pauses: Sequence[Row],
    patient: Row,
    red_flags: Sequence[Row],
    as_of: date,
    review_day: date,
    numbers: Numbers,
) -> dict[str, Any]:
    """All facts on one patient, as of their own day: the rows from the programme start to that day decide."""
    versions = versions_begun(plans, as_of)
    rows_by_as_of = [row for row in rows if day_of(row) <= as_of]
    start = programme_start(versions, patient, rows_by_as_of)
    used = rows_between(rows, start, as_of)
    daily = daily_pain(used)
    last_log = latest_day(used)
    week_before = as_of - timedelta(days=numbers["rise_look_back_days"])
    facts: dict[str, Any] = {
        "as_of": as_of,
        "programme_start": start,
        "plan_source": "plan" if versions else "assumed",
        "sessions_per_week": (versions[-1]["sessions_per_week"] if versions else numbers["assumed_sessions_per_week"]),
        **week_columns(week_panel(used, versions, pauses, start, as_of, numbers), numbers),
        "last_log": last_log,
        "days_silent": days_without_log(last_log, start, as_of, pauses),
        **pain_columns(daily, start, as_of, pauses, numbers),
        "rise_now": rise_holds(daily, start, as_of, numbers),
        "rise_before": rise_holds(daily, start, week_before, numbers),
        "flare": is_flare(daily, as_of, numbers),
        "aggravating": aggravating_exercises(used, numbers),
        "rows_before_start": sum(1 for row in rows_by_as_of if day_of(row) < start),
        "rows_after_as_of": len(rows) - len(rows_by_as_of),
    }
    facts["watch"] = facts["rise_now"] and not facts["rise_before"]
    codes = raised_flags(facts, has_open_red_flag(red_flags, review_day), in_pause(as_of, pauses), numbers)
    facts["flags"] = ";".join(codes)
    return facts


# --- The table --------------------------------------------------------------------------------------------------------


def priority_key(row: Row) -> tuple[int, float, int, str]:
    """First flag by its place (none last), latest pain from high (unknown last), days silent from high, patient."""
    place = FLAG_ORDER.index(row["flags"].split(";")[0]) if row["flags"] else len(FLAG_ORDER)
    pain = math.inf if row["pain_latest"] is None else -round(row["pain_latest"], 9)
    return (place, pain, -row["days_silent"], row["patient_id"])


def of_patient(rows: Iterable[Row], patient_id: str) -> list[Row]:
    """The rows of one patient."""
    return [row for row in rows if row["patient_id"] == patient_id]


def plain_review(
    logs: Sequence[Row],
    plans: Sequence[Row] = (),
    pauses: Sequence[Row] = (),
    patients: Sequence[Row] = (),
    red_flags: Sequence[Row] = (),
    *,
    as_of: date | str | None = None,
    include_ended: bool = False,
    numbers: Numbers = NUMBERS,
) -> list[dict[str, Any]]:
    """The review table: one row per listed patient, whom to look at first on top.

    Not listed: who has neither a row nor a plan by their own `as_of`, and, unless asked for, whose course has ended.
    """
    default = latest_day(logs)
    table: list[dict[str, Any]] = []
    for patient_id in sorted({row["patient_id"] for source in (logs, plans, patients) for row in source}):
        own_rows = of_patient(logs, patient_id)
        own_plans = of_patient(plans, patient_id)
        patient: Row = next(iter(of_patient(patients, patient_id)), {})
        asked = asked_as_of(as_of, own_rows, default)
        day = patient_as_of(asked, patient, own_plans)
        review_day = as_of if isinstance(as_of, date) else default or asked
        ended = has_ended(asked, patient, own_plans, review_day)
        has_rows = any(day_of(row) <= day for row in own_rows)
        if not (has_rows or versions_begun(own_plans, day)) or (ended and not include_ended):
            continue
        own_pauses = of_patient(pauses, patient_id)
        own_answers = of_patient(red_flags, patient_id)
        facts = review_patient(own_rows, own_plans, own_pauses, patient, own_answers, day, review_day, numbers)
        table.append({**facts, "patient_id": patient_id, "ended": ended})
    table.sort(key=priority_key)
    for place, facts in enumerate(table, start=1):
        facts["priority"] = place
    return [{column: facts[column] for column in COLUMNS + FURTHER} for facts in table]
