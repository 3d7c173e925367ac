"""The door's report in words: one line per file, then what was wrong, then what was assumed and noticed."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from hipanalytics.importers.report import CELL_LEFT_OUT, DoorReport, Receipt

EXAMPLES = 3
_SHORT = 40


def door_text(report: DoorReport) -> str:
    """What became of the files, for someone who has to decide what to do about it."""
    parts = [
        "\n".join(_receipt_line(receipt) for receipt in report.receipts),
        "\n".join(_problem_lines(report)),
        "\n".join(_bulleted("Assumed", _assumptions(report))),
        "\n".join(_bulleted("Worth knowing", [notice.sentence for notice in report.notices])),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _receipt_line(receipt: Receipt) -> str:
    where = f"{receipt.file} ({receipt.kind}{', sheet ' + receipt.sheet if receipt.sheet else ''})"
    counts = [f"{receipt.accepted:,} accepted", _plural(receipt.duplicates, "exact duplicate"),
              f"{receipt.rejected:,} rejected"]
    if receipt.filtered_out:
        counts.append(f"{receipt.filtered_out:,} set aside by the profile's filter")
    line = f"{where}: {_plural(receipt.rows_read, 'row')} read = {' + '.join(counts)}."
    if receipt.blank:
        line += f" {_plural(receipt.blank, 'blank row')} passed over."
    if receipt.cells_left_out:
        line += f" {_plural(receipt.cells_left_out, 'cell')} left out of accepted rows."
    if receipt.data_up_to is not None:
        line += f" Data up to {receipt.data_up_to.day} {receipt.data_up_to:%b %Y}."
    return line


def _problem_lines(report: DoorReport) -> Iterator[str]:
    """Problems of one column and kind together: how many, what to do, and the first rows."""
    if report.problems.empty:
        return
    yield "To look at:"
    for (column, kind), group in report.problems.groupby(["column", "kind"], sort=False):
        first = group.iloc[0]
        effect = _effect(group["effect"] == CELL_LEFT_OUT)
        yield f"  {column or 'Row'}: {kind} ({_plural(len(group), 'time')}; {effect}). Allowed: {first['allowed']}."
        yield f"    What to do: {first['action']}"
        yield from (f"    {line}" for line in _examples(group))


def _effect(left_out: pd.Series[bool]) -> str:
    if left_out.all():
        return "cell left out, the row stands"
    return "row refused, or where the rest was good the cell left out" if left_out.any() else "row refused"


def _examples(group: pd.DataFrame) -> Iterator[str]:
    places = group.head(EXAMPLES)[["file", "sheet", "row", "value", "problem", "kind"]]
    for file, sheet, row, value, problem, kind in places.itertuples(index=False, name=None):
        more = "" if problem == kind else f", which {problem}"
        yield f"{file}{', sheet ' + sheet if sheet else ''}, row {row}: found {_quoted(value)}{more}"
    if len(group) > EXAMPLES:
        yield f"... and {len(group) - EXAMPLES:,} more"


def _quoted(value: str) -> str:
    line = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
    return f"\"{line[:_SHORT]}{'...' if len(line) > _SHORT else ''}\"" if line else "nothing"


def _assumptions(report: DoorReport) -> list[str]:
    several = len(report.receipts) > 1
    return [f"{receipt.file}: {sentence}" if several else sentence
            for receipt in report.receipts for sentence in receipt.assumptions]


def _bulleted(title: str, sentences: list[str]) -> Iterator[str]:
    if sentences:
        yield f"{title}:"
        yield from (f"  {sentence}" for sentence in sentences)


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
