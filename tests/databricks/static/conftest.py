"""Shows the table lesson x version at the end of a test run."""

from __future__ import annotations

from typing import Any

TABLE = "calls by lesson and runtime"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what `test_calls.py` has recorded; with xdist, in the process that reports."""
    for report in (r for kind in ("passed", "failed") for r in terminalreporter.getreports(kind)):
        for name, value in getattr(report, "user_properties", []):
            if name == TABLE:
                terminalreporter.section(TABLE)
                terminalreporter.write_line(value)
