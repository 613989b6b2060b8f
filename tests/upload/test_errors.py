"""The errors of an upload."""

from __future__ import annotations

from tests.upload.support import (
    error_line,
)
from tests.upload.workspace_double import (
    Refusal,
)


def test_an_outage_says_that_the_next_upload_continues(upload, workspace):
    def fail_at_the_lessons(path):
        if path.endswith("01_mlops_best_practices"):
            raise Refusal(500, "INTERNAL_ERROR", "something broke")

    workspace.before_write = fail_at_the_lessons
    message = error_line(upload("--write"))
    assert "01_mlops_best_practices: something broke" in message
    assert "it goes on where it stopped" in message
