"""The wide table of a run for people and spreadsheets: a spreadsheet shows what is in it and computes nothing."""

from __future__ import annotations

import re

from avmeter.plain import encodable
from avmeter.result import DUMMY_MARK
from avmeter.run.caveats import csv_caveats
from avmeter.run.extras import extra_columns
from avmeter.run.score_table import ScoreTable, skip_code

# https://owasp.org/www-community/attacks/CSV_Injection, with the wide forms that Asian spreadsheets take as well.
_FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TRANSCRIPTS = ("transcription", "second_transcription")  # details by which people judge an error rate
_LINE_BREAK = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


def results_csv(results: ScoreTable) -> str:
    """Return id, role, one column per per-sample metric, codes of skips and of caveats, transcripts, and the extras.

    Texts are in quotation marks and on one line; numbers are as Python prints them; what is absent is empty.
    """
    names = list(dict.fromkeys(name for row in results for name in row))
    marked = {n for row in results for n, r in row.items() if r.dummy}
    roles = [s.role for s in results.samples] if results.samples else ["generated"] * len(results)
    extras = extra_columns(results.samples)
    transcripts = [
        (n, key) for n in names for key in _TRANSCRIPTS if any(n in row and key in row[n].details for row in results)
    ]
    heads = [f"{n} [{DUMMY_MARK}]" if n in marked else n for n in names]
    caveats = csv_caveats(results)
    with_caveats = any(caveats)
    columns = ["skipped", *(["caveats"] if with_caveats else []), *(f"{name}.{key}" for name, key in transcripts)]
    lines = [[spreadsheet_cell(h) for h in ("sample_id", "role", *heads, *columns, *extras)]]
    for position, (sample_id, role, row) in enumerate(zip(results.sample_ids, roles, results, strict=True)):
        scores = [row[n].score if n in row else None for n in names]
        skipped = "; ".join(f"{n}: {skip_code(r)}" for n, r in row.items() if r.score is None)
        cells = ["" if s is None else repr(float(s)) for s in scores]
        own = [spreadsheet_cell(str(row[n].details.get(key, ""))) if n in row else "" for n, key in transcripts]
        own += [_extra_cell(column[position]) for column in extras.values()]
        codes = [spreadsheet_cell(c) for c in ((skipped, caveats[position]) if with_caveats else (skipped,))]
        lines.append([spreadsheet_cell(sample_id), spreadsheet_cell(role), *cells, *codes, *own])
    return "".join(f"{','.join(cells)}\n" for cells in lines)


def spreadsheet_cell(text: str) -> str:
    """Return text as a cell in quotation marks, line breaks as a sign, an apostrophe before what would be a formula."""
    if not text:
        return ""
    # What comes before it does not make it less of a formula: a tab or a line break may be dropped on import.
    is_formula = text.lstrip().startswith(_FORMULA_STARTS) or text.startswith("\t")
    shown = _LINE_BREAK.sub("⏎", encodable(f"'{text}" if is_formula else text))
    return '"{}"'.format(shown.replace('"', '""'))


def _extra_cell(text: str | None) -> str:
    """Return an extra as a cell; a negative number stays one."""
    return text if text and _NUMBER.fullmatch(text) else spreadsheet_cell(text or "")
