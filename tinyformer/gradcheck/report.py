"""What did the checks find, and how does one read it?"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from tinyformer.gradcheck.contradictions import KINK

COLUMNS = ("complex step", "real part", "central", "adjoint", "curvature", "float32", "twice", "special")
LINE = "{:<32}" + "{:>10}" * len(COLUMNS) + "  {}"


class Row(NamedTuple):
    """The outcome of one check; `error` is None where it could not be carried out."""

    check: str
    error: float | None
    bound: float
    ok: bool
    note: str = ""


class Report:
    """What the checks found: `ok`, one `Row` for each check in `rows`, and a table when printed."""

    def __init__(self, name: str, rows: list[Row], cases: int = 1):
        self.name = name
        self.rows = rows
        self.cases = cases                    # the number of points at which the checks were made

    @property
    def ok(self) -> bool:
        """True if no check failed, and at least one was carried out."""
        return all(row.ok for row in self.rows) and any(row.error is not None for row in self.rows)

    def __bool__(self):
        return self.ok

    def __repr__(self):
        lines = [f"{self.name}: {'right' if self.ok else 'WRONG'}", f"{'check':14s}{'error':>9s}{'bound':>9s}  verdict"]
        for row in self.rows:
            error = "-" if row.error is None else f"{row.error:.1e}"
            verdict = "WRONG" if not row.ok else "ok" if row.error is not None else "-"
            lines.append(f"{row.check:14s}{error:>9s}{row.bound:9.0e}  {verdict:8s}{row.note}".rstrip())
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it: an error that is no finite number becomes null."""
        checks = {row.check: {"error": row.error if row.error is not None and np.isfinite(row.error) else None,
                              "bound": row.bound, "ok": row.ok, "note": row.note} for row in self.rows}
        return {"op": self.name, "ok": self.ok, "cases": self.cases, "checks": checks}


def print_table(reports: Iterable[Report]) -> bool:
    """Print one line for each report as it comes, with the error of every check; True if all gradients are right."""
    print(LINE.format("error of each check", *(name.split()[0] for name in COLUMNS), "verdict"))
    right = total = 0
    for report in reports:
        print("\n".join(table_lines(report)), flush=True)
        right += report.ok
        total += 1
    print(f"{right} of {total} gradients are right")
    return right == total


def table_lines(report: Report) -> list[str]:
    """One line for a report, one more for each check that failed, and one for what could not be checked."""
    errors = {row.check: "-" if row.error is None else f"{row.error:.1e}" for row in report.rows}
    shown = [errors.get(name, "") for name in COLUMNS]
    lines = [LINE.format(report.name, *shown, "right" if report.ok else "WRONG")]
    lines += [f"  {row.check}: {row.note or f'error {row.error:.1e}, allowed {row.bound:.0e}'}"
              for row in report.rows if not row.ok]
    remarks = {row.note: row.check for row in reversed(report.rows)        # each once, however many rows it concerns
               if row.ok and (row.error is None and row.note or row.note.startswith(KINK))}
    return lines + [f"  {check}: {note}" for note, check in reversed(remarks.items())]
