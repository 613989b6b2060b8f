"""The settings of a session: one that is unset gets the value back that it has at the start of a session.

Follows https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-aux-conf-mgmt-reset
"""

from __future__ import annotations

from pyspark.sql.connect.conf import RuntimeConf

SETTINGS = {
    "spark.sql.sources.default": "delta",
    "spark.sql.session.timeZone": "UTC",  # as on Databricks, whatever the laptop's own zone
}
"""What a session sets at its start."""


class SessionSettings(RuntimeConf):
    """``spark.conf`` of a session."""

    def unset(self, key: str) -> None:
        """Set a setting to the value at the start of the session, or remove it."""
        super().unset(key)
        if key in SETTINGS:
            self.set(key, SETTINGS[key])
