"""The core figures written by hand with pandas groupby, as one script from Parquet to Parquet.

Tricks: patients are read as dictionary codes; patient and day, or patient and moment, are packed into one integer, so
that every groupby has a single key; distinct days are `unique`, not a groupby.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from stopwatch import Stopwatch, folder_and_output, report

DAY = 86_400_000_000
"""Microseconds."""
DAYS = 1024
"""More than a programme here has days; patient x DAYS + day is one key, which fits with the moment into 64 bits."""
TREND_DAYS = 42
FAR = 10_000_000


def read_tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    table = pq.read_table(folder / "logs.parquet", columns=["patient_id", "performed_at", "exercise", "done", "pain"],
                          read_dictionary=["patient_id", "exercise"]).unify_dictionaries()
    logs = pd.DataFrame({
        "patient_id": table["patient_id"].to_pandas(),
        "moment": table["performed_at"].cast(pa.int64()).to_numpy(),
        "done": pc.fill_null(table["done"], False).to_numpy(),
        "session": pc.or_(table["exercise"].is_valid(), table["done"].is_valid()).to_numpy(),
        "pain": table["pain"].to_numpy(),
    }, copy=False)
    plans = pq.read_table(folder / "plans.parquet").to_pandas()
    pauses = pq.read_table(folder / "pauses.parquet").to_pandas()
    return logs, plans, pauses


def core_figures(logs: pd.DataFrame, plans: pd.DataFrame, pauses: pd.DataFrame) -> pd.DataFrame:
    as_of = int(logs["moment"].max() // DAY)
    plans = pd.DataFrame({
        "patient_id": plans["patient_id"], "first": day_numbers(plans["valid_from"]),
        "rate": plans["sessions_per_week"]})
    plans = plans[plans["first"] <= as_of]
    start = plans.groupby("patient_id")["first"].min()
    plans["patient"] = start.index.get_indexer(pd.Index(plans["patient_id"]))
    begin = start.to_numpy()
    rows = place_rows(logs, start)
    merged = merge_pauses(pauses, start.index)
    pain = daily_pain(rows, begin)
    figures = pd.DataFrame({"patient_id": start.index, "as_of": as_of, "programme_start": begin})
    parts = [adherence(due_weeks(plans, merged, begin, as_of), rows, begin, as_of),
             silence(rows, begin, merged, as_of), baseline(pain, begin), latest(pain, as_of), trend(pain, as_of)]
    for part in parts:
        figures = figures.join(part)
    ordered = figures["baseline_end"] < figures["latest_begin"]
    figures["pain_change"] = (figures["pain_latest"] - figures["pain_baseline"]).where(ordered)
    counts = ["weeks_counted", "pain_baseline_n", "pain_latest_n"]
    return figures.fillna(dict.fromkeys(counts, 0)).drop(columns=["baseline_end", "latest_begin"])


def day_numbers(dates: pd.Series) -> pd.Series:
    return pd.to_datetime(dates).astype("datetime64[s]").astype("int64") // 86_400


def place_rows(logs: pd.DataFrame, start: pd.Series) -> pd.DataFrame:
    """The rows from each patient's start on, with patient, day since the start and one key of both."""
    names = logs["patient_id"].cat
    patient = start.index.get_indexer(names.categories).astype(np.int32)[names.codes.to_numpy()]
    since = (logs["moment"].to_numpy() // DAY).astype(np.int32) - start.to_numpy(dtype=np.int32)[patient]
    rows = logs.drop(columns="patient_id").assign(patient=patient, since=since)
    kept = since >= 0
    rows = rows if kept.all() else rows[kept]
    return rows.assign(cell=rows["patient"] * DAYS + rows["since"])


def merge_pauses(pauses: pd.DataFrame, patient_ids: pd.Index) -> pd.DataFrame:
    """Pauses that overlap as one."""
    end = pauses["end"].notna()
    table = pd.DataFrame({
        "patient": patient_ids.get_indexer(pd.Index(pauses["patient_id"])), "first": day_numbers(pauses["start"]),
        "last": day_numbers(pauses["end"].where(end, pauses["start"])).where(end, FAR),
    }).sort_values(["patient", "first"], ignore_index=True)
    before = table.groupby("patient")["last"].cummax().groupby(table["patient"]).shift(fill_value=-FAR)
    stretch = (table["first"] > before + 1).cumsum()
    return table.groupby(stretch).agg({"patient": "first", "first": "min", "last": "max"})


def due_weeks(plans: pd.DataFrame, pauses: pd.DataFrame, start: npt.NDArray[np.int64], as_of: int) -> pd.Series:
    """Sessions due in sevenths by patient x DAYS + week: versions, less what of them lies in a pause."""
    versions = plans.sort_values(["patient", "first"], ignore_index=True)
    following = versions.groupby("patient")["first"].shift(-1, fill_value=as_of + 1)
    versions["last"] = following - 1
    paused = versions.merge(pauses, on="patient", suffixes=("", "_pause"))
    paused["first"] = np.maximum(paused["first"], paused["first_pause"])
    paused["last"] = np.minimum(paused["last"], paused["last_pause"])
    paused = paused[paused["first"] <= paused["last"]].assign(rate=lambda each: -each["rate"])
    stretches = pd.concat([versions, paused], ignore_index=True)[["patient", "first", "last", "rate"]]
    origin = start[stretches["patient"].to_numpy()]
    first, last = stretches["first"].to_numpy() - origin, stretches["last"].to_numpy() - origin
    weeks = last // 7 - first // 7 + 1
    row = np.repeat(np.arange(len(stretches)), weeks)
    week = np.arange(len(row)) - np.repeat(np.cumsum(weeks) - weeks, weeks) + (first // 7)[row]
    days = np.minimum(last[row], 7 * week + 6) - np.maximum(first[row], 7 * week) + 1
    due = pd.Series(stretches["rate"].to_numpy()[row] * days)
    return due.groupby(stretches["patient"].to_numpy()[row] * DAYS + week).sum()


def adherence(due: pd.Series, rows: pd.DataFrame, start: npt.NDArray[np.int64], as_of: int) -> pd.DataFrame:
    patient, week = np.divmod(due.index.to_numpy(), DAYS)
    counted = (due.to_numpy() >= 7) & (start[patient] + 7 * week + 6 <= as_of)
    due, patient = due[counted], patient[counted]
    done_days = pd.Series(rows["cell"].to_numpy()[rows["done"].to_numpy()]).unique()
    done = pd.Series(week_of(done_days)).value_counts(sort=False).reindex(due.index, fill_value=0)
    logged = due.index.isin(pd.unique(week_of(rows["cell"].to_numpy()[rows["session"].to_numpy()])))
    capped = (7 * done).clip(upper=due)
    recent = due.groupby(patient).cumcount(ascending=False).to_numpy() < 4
    sums = pd.DataFrame({
        "due": due, "capped": capped, "due_4w": due.where(recent, 0), "capped_4w": capped.where(recent, 0),
        "due_logged": due.where(recent & logged, 0), "capped_logged": capped.where(recent & logged, 0), "weeks": 1,
    }).groupby(patient).sum()
    return pd.DataFrame({
        "weeks_counted": sums["weeks"], "adherence_4w": sums["capped_4w"] / sums["due_4w"],
        "adherence_4w_logged": sums["capped_logged"] / sums["due_logged"],
        "adherence_all": sums["capped"] / sums["due"],
    })


def week_of(cell: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return cell // DAYS * DAYS + cell % DAYS // 7


def silence(rows: pd.DataFrame, start: npt.NDArray[np.int64], pauses: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The day of the last row, and the unpaused days since."""
    last = rows.groupby("patient")["since"].max().reindex(range(len(start))) + start
    since = last.fillna(pd.Series(start)).astype(np.int64) + 1
    begin = pauses["patient"].map(since)
    shared = pauses["last"].clip(upper=as_of) - pauses["first"].clip(lower=begin) + 1
    paused = shared.clip(lower=0).groupby(pauses["patient"]).sum().reindex(range(len(start)), fill_value=0)
    return pd.DataFrame({"last_log": last, "days_silent": as_of - since + 1 - paused})


def daily_pain(rows: pd.DataFrame, start: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The mean of each rated day's sessions, a session's being that of its rows; in order of patient and day."""
    rated = rows["pain"].notna().to_numpy()
    cell, moment = rows["cell"].to_numpy()[rated], rows["moment"].to_numpy()[rated]
    score = pd.Series(rows["pain"].to_numpy()[rated])
    sessions = score.groupby(cell.astype(np.int64) * DAY + moment % DAY, sort=False).mean()
    days = sessions.groupby(sessions.index.to_numpy() // DAY, sort=True).mean()
    patient, since = np.divmod(days.index.to_numpy(), DAYS)
    return pd.DataFrame({"patient": patient, "day": start[patient] + since, "pain": days.to_numpy()})


def baseline(pain: pd.DataFrame, start: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The block from the start, or from the first rated day from which a block has four rated days."""
    at_start = forward_block(pain.assign(anchor=start[pain["patient"].to_numpy()]))
    enough = at_start.index[at_start["n"] >= 4]
    thin = pain[~pain["patient"].isin(enough)]
    follows = (thin["patient"].shift(-3) == thin["patient"]) & (thin["day"].shift(-3) < thin["day"] + 21)
    anchor = thin[follows].groupby("patient")["day"].min()
    thin = thin[thin["patient"].isin(anchor.index)]
    late = forward_block(thin.assign(anchor=thin["patient"].map(anchor)))
    blocks = pd.concat([at_start.drop(late.index, errors="ignore"), late])
    known = blocks["n"] >= 4
    return pd.DataFrame({
        "pain_baseline": blocks["mean"].where(known), "pain_baseline_n": blocks["n"],
        "pain_baseline_from": blocks["anchor"].where(known), "baseline_end": blocks["end"].where(known)})


def forward_block(pain: pd.DataFrame) -> pd.DataFrame:
    near = pain[(pain["day"] >= pain["anchor"]) & (pain["day"] < pain["anchor"] + 21)]
    block = near[(near["day"] < near["anchor"] + 14) | (near.groupby("patient").cumcount() < 6)]
    return block.groupby("patient").agg(
        anchor=("anchor", "first"), mean=("pain", "mean"), n=("pain", "size"), end=("day", "max"))


def latest(pain: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """The block backward from the last day."""
    near = pain[pain["day"] > as_of - 21]
    block = near[(near["day"] > as_of - 14) | (near.groupby("patient").cumcount(ascending=False) < 6)]
    blocks = block.groupby("patient").agg(mean=("pain", "mean"), n=("pain", "size"), begin=("day", "min"))
    known = blocks["n"] >= 4
    return pd.DataFrame({"pain_latest": blocks["mean"].where(known), "pain_latest_n": blocks["n"],
                         "latest_begin": blocks["begin"].where(known)})


def trend(pain: pd.DataFrame, as_of: int) -> pd.DataFrame:
    """Theil-Sen slope per week and one-sided Mann-Kendall p of the last six weeks, from five rated days on."""
    near = pain[pain["day"] > as_of - TREND_DAYS]
    near = near[near.groupby("patient")["day"].transform("size") >= 5]
    pairs = all_pairs(near).groupby("patient")
    slope, s = pairs["slope"].median(), pairs["sign"].sum()
    t = near.groupby([near["patient"], near["pain"].round(9)]).size()
    tied = (t * (t - 1) * (2 * t + 5)).groupby(level=0).sum()
    n = near.groupby("patient").size()
    sd = np.sqrt((n * (n - 1) * (2 * n + 5) - tied) / 18)
    z = ((s - np.sign(s)) / sd).where(sd > 0)
    p = [1.0 if math.isnan(each) else math.erfc(each / math.sqrt(2)) / 2 for each in z.tolist()]
    return pd.DataFrame({"pain_slope_per_week": 7 * slope, "pain_rise_p": pd.Series(p, index=z.index)})


def all_pairs(near: pd.DataFrame) -> pd.DataFrame:
    """All pairs of rated days of a patient, found by shifting instead of merging."""
    patient, day, pain = (near[name].to_numpy() for name in ("patient", "day", "pain"))
    parts = []
    for lag in range(1, TREND_DAYS):
        same = np.flatnonzero(patient[lag:] == patient[:-lag])
        rise = pain[same + lag] - pain[same]
        parts.append(pd.DataFrame({
            "patient": patient[same], "slope": rise / (day[same + lag] - day[same]),
            "sign": (rise > 1e-9).astype(np.int64) - (rise < -1e-9)}))
    return pd.concat(parts, ignore_index=True)


def main() -> None:
    folder, output = folder_and_output()
    watch = Stopwatch()
    tables = read_tables(folder)
    watch.lap("read")
    figures = core_figures(*tables)
    watch.lap("panel and measures")
    figures.to_parquet(output)
    watch.lap("write")
    report(watch.laps)


if __name__ == "__main__":
    main()
