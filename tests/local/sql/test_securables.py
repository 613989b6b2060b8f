"""Privileges that statements require."""

from __future__ import annotations

import pytest
from pyspark.errors import PySparkException

from tests.local.sql.statement_rows import BEN, rows


def test_statements_require_the_privileges_of_databricks(spark, fresh_schema):
    ben, name = spark.workspace_session("b", BEN), f"{fresh_schema['s']}.t"
    spark.sql(f"GRANT USE CATALOG ON CATALOG main TO `{BEN}`")
    spark.sql(f"GRANT USE SCHEMA ON SCHEMA {fresh_schema['s']} TO `{BEN}`")
    spark.sql(f"GRANT SELECT ON TABLE {name} TO `{BEN}`")
    required = {
        f"GRANT SELECT ON TABLE {name} TO x": "MANAGE",
        f"SHOW GRANTS ON TABLE {name}": "MANAGE",
        f"COMMENT ON SCHEMA {fresh_schema['s']} IS 'mine'": "MANAGE",
        f"ALTER SCHEMA {fresh_schema['s']} SET TAGS ('a' = 'b')": "APPLY TAG",
        f"ALTER TABLE {name} SET TAGS ('a' = 'b')": "APPLY TAG",
        f"ALTER TABLE {name} ADD COLUMN y INT": "MODIFY",
        f"ALTER TABLE {name} ALTER COLUMN x COMMENT 'mine'": "MODIFY",
        f"ALTER TABLE {name} ALTER COLUMN x SET NOT NULL": "MODIFY",
        f"ALTER TABLE {name} SET TBLPROPERTIES ('a' = 'b')": "MODIFY",
        f"ALTER TABLE {name} UNSET TBLPROPERTIES ('team')": "MODIFY",
        f"TRUNCATE TABLE {name}": "MODIFY",
        f"ALTER TABLE {name} RENAME TO bens": "MANAGE",
        f"VACUUM {name}": "MODIFY",
        f"RESTORE TABLE {name} TO VERSION AS OF 1": "MODIFY",
        f"ALTER TABLE {name} SET OWNER TO `{BEN}`": "MANAGE",
        "CREATE CATALOG bens": "CREATE CATALOG",
    }
    for statement, privilege in required.items():
        with pytest.raises(PySparkException, match=f"does not have {privilege} on") as refused:
            ben.sql(statement)
        assert refused.value.getCondition() == "INSUFFICIENT_PERMISSIONS"
    assert rows(ben.sql(f"SHOW GRANTS `{BEN}` ON TABLE {name}"))
    assert (BEN, "SELECT", "TABLE", name) in rows(spark.sql(f"SHOW GRANTS ON TABLE {name}"))
    spark.sql(f"GRANT MODIFY, APPLY TAG ON TABLE {name} TO `{BEN}`")
    for statement in [s for s, p in required.items() if p in ("MODIFY", "APPLY TAG") and name in s]:
        ben.sql(statement)
    assert spark.unity.table(spark.resolve(name)).tags == {"a": "b"}
    spark.sql(f"REVOKE ALL PRIVILEGES ON CATALOG main FROM `{BEN}`")
    assert rows(ben.sql("SHOW CATALOGS")) == [("hive_metastore",), ("main",)]
    assert rows(ben.sql("SHOW SCHEMAS IN main")) == [
        ("information_schema",),
        (fresh_schema["schema"],),
    ]
