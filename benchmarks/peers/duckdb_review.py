"""The core figures written by hand in SQL for DuckDB, as one script from Parquet to Parquet.

Tricks: patients become small integers in the first pass; the days done of a week are bits of one number; no window over
all weeks; the late baseline is looked for only where the block at the start is thin.
"""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from stopwatch import Stopwatch, folder_and_output, report

READ = """
create temp table plans as select patient_id, valid_from, sessions_per_week from read_parquet('{folder}/plans.parquet');
create temp table pauses as select patient_id, start, "end" from read_parquet('{folder}/pauses.parquet');
create temp table patients as
  select patient_id, (row_number() over (order by patient_id) - 1)::integer patient, start - date '1970-01-01' start
  from (select patient_id, min(valid_from) start from plans group by patient_id);
create temp table logs as
  select patient, start, performed_at, (epoch_us(performed_at) // 86400000000)::integer as day, pain,
    coalesce(done, false) done, exercise is not null or done is not null session
  from read_parquet('{folder}/logs.parquet') join patients using (patient_id);
"""

PANEL = """
create temp table review as select max(day) as_of from logs;
delete from patients where start > (select as_of from review);
create temp view rows as select * from logs where day >= start;
create temp table merged as
  select patient, min(first) first, max(last) last from (
    select *, sum(opens) over (partition by patient order by first rows unbounded preceding) stretch from (
      select *, coalesce(first > max(last) over (
        partition by patient order by first rows between unbounded preceding and 1 preceding) + 1, true)::int opens
      from (select patient, start_day first, coalesce("end" - date '1970-01-01', 10000000) last from (
        select patient, "end", pauses.start - date '1970-01-01' start_day
        from pauses join patients using (patient_id)))))
  group by patient, stretch;
create temp table versions as
  select patient, start, valid_from - date '1970-01-01' first,
    coalesce(lead(valid_from) over (partition by patient order by valid_from) - date '1970-01-01' - 1, as_of) last,
    sessions_per_week rate
  from plans join patients using (patient_id), review where valid_from - date '1970-01-01' <= as_of;
create temp table due as
  select patient, week, sum(rate * (least(last, start + 7 * week + 6) - greatest(first, start + 7 * week) + 1)) due
  from (
    select *, unnest(range((first - start) // 7, (last - start) // 7 + 1)) as week from (
      from versions
      union all
      select v.patient, v.start, greatest(v.first, m.first), least(v.last, m.last), -rate
      from versions v join merged m on v.patient = m.patient and v.first <= m.last and m.first <= v.last))
  group by patient, week;
create temp table logged as
  select patient, ((day - start) // 7)::integer as week,
    bit_or(case when done then (1 << ((day - start) % 7)) else 0 end) done, bool_or(session) logged, max(day) last
  from rows group by patient, week;
create temp table daily as
  select patient, (session // 86400000000)::integer as day, avg(pain) pain from (
    select patient, epoch_us(performed_at) session, avg(pain) pain from rows where pain is not null group by all)
  group by all;
"""

ADHERENCE = """
create temp table counted as
  select patient, week, due from due join patients using (patient), review
  where due >= 7 and start + 7 * week + 6 <= as_of;
create temp table adherence as
  select patient, count(*) weeks_counted,
    sum(capped) filter (week >= since) / sum(due) filter (week >= since) adherence_4w,
    sum(capped) filter (week >= since and logged) / sum(due) filter (week >= since and logged) adherence_4w_logged,
    sum(capped) / sum(due) adherence_all
  from (
    select patient, week, due, since, logged, least(7 * coalesce(bit_count(done), 0), due) capped
    from counted join (select patient, list_min(max(week, 4)) since from counted group by patient) using (patient)
    left join logged using (patient, week))
  group by patient;
create temp table silence as
  select patient, last_log, as_of - since + 1 - coalesce(sum(least(last, as_of) - greatest(first, since) + 1)
    filter (first <= as_of and last >= since), 0) days_silent
  from (
    select patient, last_log, coalesce(last_log, start) + 1 since
    from patients left join (select patient, max(last) last_log from logged group by patient) using (patient))
  left join merged using (patient), review
  group by patient, last_log, since, as_of;
"""

PAIN = """
create temp table at_start as
  select patient, start anchor, avg(pain) mean, count(*) n, max(day) ends from (
    select patient, start, day, pain, row_number() over (partition by patient order by day) place
    from daily join patients using (patient) where day < start + 21)
  where day < start + 14 or place <= 6 group by patient, start;
create temp table thin as
  from daily where patient not in (select patient from at_start where n >= 4);
create temp table late as
  select patient, anchor, avg(pain) mean, count(*) n, max(day) ends from (
    select patient, anchor, day, pain, row_number() over (partition by patient order by day) place
    from thin join (
      select patient, min(day) anchor from (
        select patient, day, lead(day, 3) over (partition by patient order by day) fourth from thin)
      where fourth < day + 21 group by patient) using (patient)
    where day >= anchor and day < anchor + 21)
  where day < anchor + 14 or place <= 6 group by patient, anchor;
create temp table baseline as
  from at_start where patient not in (select patient from late) union all from late;
create temp table latest as
  select patient, avg(pain) mean, count(*) n, min(day) begins from (
    select patient, day, pain, as_of, row_number() over (partition by patient order by day desc) place
    from daily, review where day > as_of - 21)
  where day > as_of - 14 or place <= 6 group by patient;
create temp table recent as
  select patient, day, pain from daily, review where day > as_of - 42
  qualify count(*) over (partition by patient) >= 5;
create temp table trend as
  select patient, slope, s, n, tied
  from (
    select a.patient, 7 * median((b.pain - a.pain) / (b.day - a.day)) slope,
      sum(case when b.pain - a.pain > 1e-9 then 1 when b.pain - a.pain < -1e-9 then -1 else 0 end) s
    from recent a join recent b on a.patient = b.patient and a.day < b.day group by a.patient)
  join (
    select patient, sum(t) n, sum(t * (t - 1) * (2 * t + 5)) tied
    from (select patient, count(*) t from recent group by patient, round(pain, 9)) group by patient) using (patient);
"""

FIGURES = """
  select patient_id, date '1970-01-01' + as_of::integer as_of, date '1970-01-01' + start::integer programme_start,
    coalesce(weeks_counted, 0) weeks_counted, adherence_4w, adherence_4w_logged, adherence_all,
    date '1970-01-01' + last_log::integer last_log, days_silent,
    case when b.n >= 4 then b.mean end pain_baseline, coalesce(b.n, 0) pain_baseline_n,
    case when b.n >= 4 then date '1970-01-01' + anchor::integer end pain_baseline_from,
    case when l.n >= 4 then l.mean end pain_latest, coalesce(l.n, 0) pain_latest_n,
    case when b.n >= 4 and l.n >= 4 and ends < begins then l.mean - b.mean end pain_change,
    slope pain_slope_per_week,
    (n_days * (n_days - 1) * (2 * n_days + 5) - tied) / 18 variance, s - sign(s) less_one
  from patients left join adherence using (patient) left join silence using (patient)
    left join baseline b using (patient) left join latest l using (patient)
    left join (select patient, slope, s, n n_days, tied from trend) using (patient), review
"""


def with_p(figures: pa.Table) -> pa.Table:
    """One-sided p: the one figure for which SQL has no function."""
    variance, less_one = (figures[name].cast(pa.float64()).to_numpy() for name in ("variance", "less_one"))
    z = np.divide(less_one, np.sqrt(variance), out=np.full(len(variance), np.nan), where=variance > 0)
    p = np.array([math.erfc(each / math.sqrt(2)) / 2 for each in z.tolist()])
    return figures.drop_columns(["variance", "less_one"]).append_column(
        "pain_rise_p", pa.array(np.where(variance == 0, 1.0, p)))


def review(folder: Path, output: Path) -> Stopwatch:
    watch = Stopwatch()
    with duckdb.connect() as database:
        database.execute("set preserve_insertion_order = false")
        database.execute(READ.format(folder=str(folder).replace("'", "''")))
        watch.lap("read")
        for step in (PANEL, ADHERENCE, PAIN):
            database.execute(step)
        figures = with_p(database.sql(FIGURES).to_arrow_table())
        watch.lap("panel and measures")
        database.register("figures", figures)
        database.execute("copy figures to '" + str(output).replace("'", "''") + "' (format parquet)")
        watch.lap("write")
    return watch


def main() -> None:
    report(review(*folder_and_output()).laps)


if __name__ == "__main__":
    main()
