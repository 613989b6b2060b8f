"""``spark.conf``: what is unset has its value of the start again."""

from __future__ import annotations

import os
from datetime import datetime


def test_the_time_zone_is_utc_again_where_it_is_unset(spark):
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    spark.conf.unset("spark.sql.session.timeZone")
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    moment = datetime(2024, 1, 1)
    assert spark.createDataFrame([(moment,)], "t timestamp").collect()[0].t == moment


def test_another_setting_is_removed(spark):
    spark.conf.set("spark.mine", "1")
    spark.conf.unset("spark.mine")
    assert spark.conf.get("spark.mine", "none") == "none"


def test_a_session_that_is_idle_for_a_day_is_kept(spark):
    assert int(os.environ["SAIL_SPARK__SESSION_TIMEOUT_SECS"]) > 24 * 3600
