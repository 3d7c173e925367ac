"""The core figures written by hand in Polars, as one script from Parquet to Parquet.

Tricks: the lazy scan keeps only what is needed; patients become small integers; done and logged are scattered into one
byte a day, not grouped; a session is one packed integer; the streaming engine groups on all cores.
"""

from __future__ import annotations

import math
from pathlib import Path

import polars as pl
from stopwatch import Stopwatch, folder_and_output, report

TREND_DAYS = 42
DAY = 86_400_000_000
"""Microseconds."""


def read_tables(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    logs = pl.scan_parquet(folder / "logs.parquet").select(
        "patient_id", "performed_at", "pain", "done",
        session=pl.col("exercise").is_not_null() | pl.col("done").is_not_null(),
    ).collect()
    return logs, pl.read_parquet(folder / "plans.parquet"), pl.read_parquet(folder / "pauses.parquet")


def as_enum(logs: pl.DataFrame, plans: pl.DataFrame) -> pl.DataFrame:
    """Patients as small integers with names."""
    return logs.with_columns(pl.col("patient_id").cast(pl.Enum(plans["patient_id"].unique().sort())))


def core_figures(
    logs: pl.DataFrame, plans: pl.DataFrame, pauses: pl.DataFrame, *, daily: bool = True,
) -> pl.DataFrame:
    """The figures of each patient; `logs` from `as_enum`. Without `daily`, only pain near both blocks is averaged."""
    as_of: int = logs.select(pl.col("performed_at").max().dt.date().cast(pl.Int32)).item()
    plans = plans.with_columns(pl.col("valid_from").cast(pl.Int32)).filter(pl.col("valid_from") <= as_of)
    patients = find_patients(plans, as_of)
    rows = place_rows(logs, patients)
    merged = merge_pauses(pauses.join(patients.select("patient_id", "patient"), on="patient_id"))
    versions = order_versions(plans.join(patients, on="patient_id"), as_of)
    weeks = count_weeks(rows, due_weeks(versions, merged, patients), patients)
    pain = daily_pain(rows if daily else near_blocks(rows, patients, as_of), patients)
    figures = patients.lazy()
    for part in (adherence(weeks, as_of), silence(rows, patients, merged, as_of), baseline(pain, patients),
                 latest(pain, as_of), trend(pain, as_of), *([rated(pain)] if daily else [])):
        figures = figures.join(part.lazy(), on="patient", how="left")
    change = pl.col("pain_latest") - pl.col("pain_baseline")
    return figures.drop("patient", "first_week", "weeks", "origin").rename({"start": "programme_start"}).with_columns(
        pl.col("^(weeks_counted|pain_baseline_n|pain_latest_n|rated_days)$").fill_null(0),
        as_of=pl.lit(as_of),
        pain_change=pl.when(pl.col("baseline_end") < pl.col("latest_begin")).then(change),
    ).drop("baseline_end", "latest_begin").collect()


def find_patients(plans: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """One row per patient, and where the patient's weeks lie among all weeks."""
    return plans.group_by("patient_id").agg(start=pl.col("valid_from").min()).sort("patient_id").with_columns(
        patient=pl.int_range(pl.len(), dtype=pl.Int32), weeks=(as_of - pl.col("start")) // 7 + 1,
    ).with_columns(first_week=(pl.col("weeks").cum_sum() - pl.col("weeks")).cast(pl.Int32)).with_columns(
        origin=7 * pl.col("first_week") - pl.col("start"))


def place_rows(logs: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """The rows from each patient's start on, with the place (`cell`) of their day among all days."""
    patient = pl.col("patient_id").to_physical().cast(pl.UInt32)
    day = pl.col("performed_at").dt.epoch("d").cast(pl.Int32)
    return logs.lazy().select("performed_at", "pain", "done", "session", patient=patient, day=day).filter(
        pl.col("day") >= pl.lit(patients["start"]).gather(pl.col("patient")),
    ).with_columns(cell=pl.col("day") + pl.lit(patients["origin"]).gather(pl.col("patient"))).collect()


def merge_pauses(pauses: pl.DataFrame) -> pl.DataFrame:
    """Pauses that overlap as one."""
    end_so_far = pl.col("last").cum_max().shift().over("patient")
    return pauses.select(
        "patient", first=pl.col("start").cast(pl.Int32), last=pl.col("end").cast(pl.Int32).fill_null(10_000_000),
    ).sort("patient", "first").with_columns(
        stretch=(pl.col("first") > end_so_far + 1).fill_null(True).cum_sum(),
    ).group_by("stretch").agg(pl.col("patient").first(), pl.col("first").min(), pl.col("last").max()).drop("stretch")


def order_versions(plans: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """From which day to which day each version was in force."""
    following = pl.col("valid_from").shift(-1).over("patient")
    return plans.sort("patient", "valid_from").select(
        "patient", first="valid_from", last=(following - 1).fill_null(as_of + 6), rate="sessions_per_week")


def due_weeks(versions: pl.DataFrame, pauses: pl.DataFrame, patients: pl.DataFrame) -> pl.Series:
    """Sessions due in sevenths, for every week of every patient: versions, less what of them lies in a pause."""
    paused = versions.join(pauses, on="patient").select(
        "patient", first=pl.max_horizontal("first", "first_right"), last=pl.min_horizontal("last", "last_right"),
        rate=-pl.col("rate"),
    ).filter(pl.col("first") <= pl.col("last"))
    stretches = pl.concat([versions, paused]).join(patients.drop("start"), on="patient")
    begin, end = pl.col("first") + pl.col("origin"), pl.col("last") + pl.col("origin") + 1
    due = stretches.lazy().select(
        "rate", begin=begin, end=pl.min_horizontal(end, 7 * (pl.col("first_week") + pl.col("weeks"))),
    ).with_columns(week=pl.int_ranges(pl.col("begin") // 7, (pl.col("end") - 1) // 7 + 1, dtype=pl.Int32)).explode(
        "week", empty_as_null=False).select(
        "week", due=pl.col("rate") * (pl.min_horizontal(pl.col("end"), 7 * pl.col("week") + 7)
                                      - pl.max_horizontal(pl.col("begin"), 7 * pl.col("week"))),
    ).group_by("week").agg(pl.col("due").sum()).collect(engine="streaming")
    return zeros(int(patients["weeks"].sum()), pl.Int64).scatter(due["week"], due["due"])


def count_weeks(rows: pl.DataFrame, due: pl.Series, patients: pl.DataFrame) -> pl.DataFrame:
    """Every week of every patient: due, days done, and whether anything was logged."""
    done_day = rows.lazy().filter("done").select("cell").collect()["cell"]
    logged_week = rows.lazy().filter("session").select(pl.col("cell") // 7).collect()["cell"]
    done = zeros(7 * len(due), pl.UInt8).scatter(done_day, 1)
    logged = zeros(len(due), pl.UInt8).scatter(logged_week, 1)
    days = [done.gather_every(7, weekday) for weekday in range(7)]
    return patients.select(pl.col("patient", "start", "first_week").repeat_by("weeks").explode()).with_columns(
        due=due, done=7 * sum(days[1:], days[0]).cast(pl.Int64), logged=logged > 0,
        week=pl.int_range(len(due), dtype=pl.Int32))


def zeros(n: int, kind: type[pl.DataType]) -> pl.Series:
    return pl.select(pl.zeros(n, kind)).to_series()


def adherence(weeks: pl.DataFrame, as_of: int) -> pl.DataFrame:
    last_day = pl.col("start") + 7 * (pl.col("week") - pl.col("first_week")) + 6
    capped, due = pl.min_horizontal("done", "due"), pl.col("due")
    recent, logged = pl.col("recent"), pl.col("recent") & pl.col("logged")
    return weeks.lazy().filter((last_day <= as_of) & (due >= 7)).with_columns(
        place=pl.int_range(pl.len()), capped=capped,
    ).with_columns(recent=pl.col("place") > pl.col("place").max().over("patient") - 4).group_by("patient").agg(
        weeks_counted=pl.len(),
        adherence_4w=(pl.col("capped") * recent).sum() / (due * recent).sum(),
        adherence_4w_logged=(pl.col("capped") * logged).sum() / (due * logged).sum(),
        adherence_all=pl.col("capped").sum() / due.sum(),
    ).with_columns(pl.col("adherence_4w_logged").fill_nan(None)).collect(engine="streaming")


def silence(rows: pl.DataFrame, patients: pl.DataFrame, pauses: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """The day of the last row, and the unpaused days since."""
    last = rows.lazy().group_by(pl.col("patient").cast(pl.Int32)).agg(last_log=pl.col("day").max()).collect(
        engine="streaming")
    since = patients.join(last, on="patient", how="left").select(
        "patient", "last_log", since=pl.coalesce("last_log", "start") + 1)
    shared = pl.min_horizontal(pl.col("last"), as_of) - pl.max_horizontal("first", "since") + 1
    paused = pauses.join(since, on="patient").group_by("patient").agg(paused=shared.clip(0).sum())
    return since.join(paused, on="patient", how="left").select(
        "patient", "last_log", days_silent=as_of - pl.col("since") + 1 - pl.col("paused").fill_null(0))


def near_blocks(rows: pl.DataFrame, patients: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """The rows of the last six weeks, and of the first three; of all weeks where those have too few rated days."""
    since = pl.col("day") - pl.lit(patients["start"]).gather(pl.col("patient"))
    rated = rows.lazy().filter(pl.col("pain").is_not_null()).with_columns(since=since)
    early = rated.filter(pl.col("since") < 21).group_by("patient").agg(days=pl.col("day").n_unique())
    enough = zeros(len(patients), pl.Boolean).scatter(
        early.filter(pl.col("days") >= 4).collect()["patient"], True)
    return rated.filter((pl.col("since") < 21) | (pl.col("day") > as_of - TREND_DAYS)
                        | ~pl.lit(enough).gather(pl.col("patient"))).collect()


def daily_pain(rows: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """The mean of each rated day's sessions, a session's being that of its rows; in order of patient and day."""
    packed = pl.col("cell").cast(pl.Int64) * DAY + pl.col("performed_at").cast(pl.Int64) % DAY
    days = rows.lazy().filter(pl.col("pain").is_not_null()).select("pain", session=packed).group_by("session").agg(
        pl.col("pain").mean()).group_by(cell=(pl.col("session") // DAY).cast(pl.Int32)).agg(
        pl.col("pain").mean()).sort("cell").collect(engine="streaming")
    patient = patients["first_week"].search_sorted(days["cell"] // 7, side="right").cast(pl.Int32) - 1
    return days.select("pain", patient=patient, day=pl.col("cell") - pl.lit(patients["origin"]).gather(patient))


def rated(pain: pl.DataFrame) -> pl.DataFrame:
    return pain.lazy().group_by("patient").agg(rated_days=pl.len(), pain_mean=pl.col("pain").mean()).collect(
        engine="streaming")


def baseline(pain: pl.DataFrame, patients: pl.DataFrame) -> pl.DataFrame:
    """The block from the start, or from the first rated day from which a block has four rated days."""
    start = pl.lit(patients["start"]).gather(pl.col("patient"))
    at_start = forward_block(pain.lazy().with_columns(anchor=start).filter(pl.col("day") < pl.col("anchor") + 21))
    enough = at_start.filter(pl.col("n") >= 4)
    thin = pain.lazy().join(enough.lazy(), on="patient", how="anti")
    follows = (pl.col("patient").shift(-3) == pl.col("patient")) & (pl.col("day").shift(-3) < pl.col("day") + 21)
    anchors = thin.filter(follows.fill_null(False)).group_by("patient").agg(anchor=pl.col("day").min())
    late = forward_block(thin.join(anchors, on="patient").filter(
        (pl.col("day") >= pl.col("anchor")) & (pl.col("day") < pl.col("anchor") + 21)))
    none = at_start.join(pl.concat([enough, late]), on="patient", how="anti")
    known = pl.col("n") >= 4
    return pl.concat([enough, late, none]).select(
        "patient", pain_baseline=pl.when(known).then(pl.col("mean")), pain_baseline_n="n",
        pain_baseline_from=pl.when(known).then(pl.col("anchor")), baseline_end=pl.when(known).then(pl.col("end")))


def forward_block(pain: pl.LazyFrame) -> pl.DataFrame:
    place = pl.int_range(pl.len()).over("patient")
    return pain.with_columns(place=place).filter(
        (pl.col("day") < pl.col("anchor") + 14) | (pl.col("place") < 6)).group_by("patient").agg(
        pl.col("anchor").first(), mean=pl.col("pain").mean(), n=pl.len(), end=pl.col("day").max()).collect()


def latest(pain: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """The block backward from the last day."""
    place = (pl.len() - 1 - pl.int_range(pl.len())).over("patient")
    known = pl.col("n") >= 4
    return pain.lazy().filter(pl.col("day") > as_of - 21).with_columns(place=place).filter(
        (pl.col("day") > as_of - 14) | (pl.col("place") < 6)).group_by("patient").agg(
        mean=pl.col("pain").mean(), n=pl.len(), begin=pl.col("day").min()).select(
        "patient", pain_latest=pl.when(known).then(pl.col("mean")), pain_latest_n="n",
        latest_begin=pl.when(known).then(pl.col("begin"))).collect()


def trend(pain: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Theil-Sen slope per week and one-sided Mann-Kendall p of the last six weeks, from five rated days on."""
    days = pain.lazy().filter(pl.col("day") > as_of - TREND_DAYS).filter(pl.len().over("patient") >= 5).collect()
    t = pl.col("t")
    ties = days.lazy().group_by("patient", value=pl.col("pain").round(9)).agg(t=pl.len().cast(pl.Int64)).group_by(
        "patient").agg(n=t.sum(), tied=(t * (t - 1) * (2 * t + 5)).sum())
    n, s = pl.col("n"), pl.col("s")
    sd = ((n * (n - 1) * (2 * n + 5) - pl.col("tied")) / 18).sqrt()
    z = pl.when(sd > 0).then((s - s.sign()) / sd)
    return pairs(days).group_by("patient").agg(slope=pl.col("slope").median(), s=pl.col("sign").sum()).join(
        ties, on="patient").select(
        "patient", pain_slope_per_week=7 * pl.col("slope"), pain_trend_n="n",
        pain_rise_p=z.map_batches(upper_tail, return_dtype=pl.Float64)).collect(engine="streaming")


def pairs(days: pl.DataFrame) -> pl.LazyFrame:
    """All pairs of rated days of a patient, found by shifting instead of joining."""
    lags = [days.lazy().select(
        "patient", rise=pl.col("pain") - pl.col("pain").shift(lag), gap=pl.col("day") - pl.col("day").shift(lag),
        same=pl.col("patient") == pl.col("patient").shift(lag)).filter("same") for lag in range(1, TREND_DAYS)]
    rise = pl.col("rise")
    return pl.concat(lags).select(
        "patient", slope=rise / pl.col("gap"), sign=(rise > 1e-9).cast(pl.Int64) - (rise < -1e-9).cast(pl.Int64))


def upper_tail(z: pl.Series) -> pl.Series:
    """One-sided p of a normal deviate; 1 where there is none."""
    return pl.Series([1.0 if each is None else math.erfc(each / math.sqrt(2)) / 2 for each in z.to_list()])


def main() -> None:
    folder, output = folder_and_output()
    watch = Stopwatch()
    logs, plans, pauses = read_tables(folder)
    watch.lap("read")
    figures = core_figures(as_enum(logs, plans), plans, pauses)
    watch.lap("panel and measures")
    figures.write_parquet(output)
    watch.lap("write")
    report(watch.laps)


if __name__ == "__main__":
    main()
