"""The engine's words become Spark's and Delta's error conditions."""

from __future__ import annotations

import pyspark.sql.functions as F
import pytest
from pyspark.errors import PySparkException
from pyspark.errors.exceptions.connect import AnalysisException

from lakelab.local.spark.engine_errors import translate
from lakelab.local.spark.failed_request import FailedRequest
from tests.local.sql.statement_rows import create_schema, drop_schema

UNRESOLVED = "UNRESOLVED_COLUMN.WITH_SUGGESTION"
MERGE = "MERGE INTO t USING (SELECT * FROM VALUES (1L, 1D), (1L, 2D) AS v(id, x)) d ON "
STATEMENTS = [
    ("SELECT nope FROM t", UNRESOLVED, "`nope`.*`id`", "AnalysisException"),
    ("SELECT t.nope FROM t", UNRESOLVED, "`t`.`nope`", "AnalysisException"),
    ("SELECT id FROM t WHERE nope = 1", UNRESOLVED, "`nope`", "AnalysisException"),
    ("SELECT count(*) FROM t GROUP BY nope", UNRESOLVED, "`nope`", "AnalysisException"),
    ("UPDATE t SET nope = 1", UNRESOLVED, "`nope`", "AnalysisException"),
    ("UPDATE t SET x = nope", UNRESOLVED, "`nope`", "AnalysisException"),
    ("DELETE FROM t WHERE nope = 1", UNRESOLVED, "`nope`", "AnalysisException"),
    ("SELECT nope", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "`nope`", "AnalysisException"),
    ("SELECT nope(1)", "UNRESOLVED_ROUTINE", "`nope`", "AnalysisException"),
    ("SELECT rank() FROM t", "UNRESOLVED_ROUTINE", "OVER", "AnalysisException"),
    (
        "SELECT * FROM nope(1)",
        "UNRESOLVABLE_TABLE_VALUED_FUNCTION",
        "`nope`",
        "AnalysisException",
    ),
    ("SELECT * FROM nope", "TABLE_OR_VIEW_NOT_FOUND", "nope", "AnalysisException"),
    ("UPDATE nope SET x = 1", "TABLE_OR_VIEW_NOT_FOUND", "nope", "AnalysisException"),
    (
        "SELECT id FROM t a JOIN t b ON a.id = b.id",
        "AMBIGUOUS_REFERENCE",
        "`id`",
        "AnalysisException",
    ),
    ("SELECT id, x FROM t GROUP BY id", "MISSING_AGGREGATION", "GROUP BY", "AnalysisException"),
    ("SELECT id, count(*) FROM t", "MISSING_GROUP_BY", "GROUP BY", "AnalysisException"),
    ("SELECT 1/0", "DIVIDE_BY_ZERO", "try_divide", "ArithmeticException"),
    ("SELECT x / 0 FROM t", "DIVIDE_BY_ZERO", "try_divide", "ArithmeticException"),
    ("SELECT 1 DIV 0", "DIVIDE_BY_ZERO", "try_divide", "ArithmeticException"),
    ("SELECT 1 % 0", "REMAINDER_BY_ZERO", "try_mod", "ArithmeticException"),
    ("SELECT CAST('abc' AS INT)", "CAST_INVALID_INPUT", "'abc'.*\"INT\"", "NumberFormatException"),
    ("SELECT CAST('a' AS DATE)", "CAST_INVALID_INPUT", '"DATE"', "DateTimeException"),
    ("SELECT CAST('a' AS TIMESTAMP)", "CAST_INVALID_INPUT", '"TIMESTAMP"', "DateTimeException"),
    ("SELECT CAST('a' AS BOOLEAN)", "CAST_INVALID_INPUT", '"BOOLEAN"', "SparkRuntimeException"),
    ("SELECT CAST(1000 AS TINYINT)", "CAST_OVERFLOW", "1000", "ArithmeticException"),
    (
        "SELECT CAST(12345.678 AS DECIMAL(4,2))",
        "NUMERIC_VALUE_OUT_OF_RANGE.WITH_SUGGESTION",
        "12345.68",
        "ArithmeticException",
    ),
    ("INSERT INTO n VALUES ('abc', 'x')", "CAST_INVALID_INPUT", "abc", "NumberFormatException"),
    (
        "INSERT INTO n VALUES (3000000000L, 'x')",
        "CAST_OVERFLOW_IN_TABLE_INSERT",
        "3000000000",
        "ArithmeticException",
    ),
    ("SELECT 1 UNION SELECT 1, 2", "NUM_COLUMNS_MISMATCH", "1 columns.*2", "AnalysisException"),
    ("SELECT 1 INTERSECT SELECT 1, 2", "NUM_COLUMNS_MISMATCH", "1 columns.*2", "AnalysisException"),
    (
        "SELECT 1 UNION ALL SELECT array(1)",
        "INCOMPATIBLE_COLUMN_TYPE",
        "INT",
        "AnalysisException",
    ),
    ("SELECT sum(sum(id)) FROM t", "NESTED_AGGREGATE_FUNCTION", "inner", "AnalysisException"),
    (
        "SELECT 1 FROM t WHERE count(*) > 1",
        "INVALID_WHERE_CONDITION",
        "HAVING",
        "AnalysisException",
    ),
    (
        "SELECT * FROM t WHERE id",
        "DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
        "BIGINT",
        "AnalysisException",
    ),
    (
        "SELECT * FROM t LIMIT -1",
        "INVALID_LIMIT_LIKE_EXPRESSION.IS_NEGATIVE",
        "-1",
        "AnalysisException",
    ),
    (
        "SELECT (SELECT id FROM t)",
        "SCALAR_SUBQUERY_TOO_MANY_ROWS",
        "subquery",
        "SparkRuntimeException",
    ),
    ("SELECT array(1)[5]", "INVALID_ARRAY_INDEX", "5", "ArrayIndexOutOfBoundsException"),
    (
        "SELECT element_at(array(1), 5)",
        "INVALID_ARRAY_INDEX_IN_ELEMENT_AT",
        "try_element_at",
        "ArrayIndexOutOfBoundsException",
    ),
    ("SELECT raise_error('boom')", "USER_RAISED_EXCEPTION", "boom", "SparkRuntimeException"),
    ("SELECT assert_true(1 = 2)", "USER_RAISED_EXCEPTION", "not true", "SparkRuntimeException"),
    ("SELECT struct(1 AS a).b", "FIELD_NOT_FOUND", "`b`", "AnalysisException"),
    ("SELECT a.* FROM t", "CANNOT_RESOLVE_STAR_EXPAND", "`a`", "AnalysisException"),
    (
        "SELECT * FROM t JOIN n USING (nope)",
        "UNRESOLVED_USING_COLUMN_FOR_JOIN",
        "nope",
        "AnalysisException",
    ),
    ("SELECT upper(1, 2)", "WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "parameters", "AnalysisException"),
    ("SELECT 'a' RLIKE '('", "INVALID_PARAMETER_VALUE.PATTERN", "regular", "SparkRuntimeException"),
    ("SELECT DATE '2020-13-01'", "INVALID_TYPED_LITERAL", "month 13", "ParseException"),
    (
        "SELECT to_date('2020-13-01', 'yyyy-MM-dd')",
        "CANNOT_PARSE_TIMESTAMP",
        "try_to",
        "DateTimeException",
    ),
    ("SELECT id / (id - 1) FROM t", "DIVIDE_BY_ZERO", "try_divide", "ArithmeticException"),
    ("SELECT -(CAST(-2147483648 AS INT))", "ARITHMETIC_OVERFLOW", "INT", "ArithmeticException"),
    ("SELECT element_at(array(1), 0)", "INVALID_INDEX_OF_ZERO", "index 1", "SparkRuntimeException"),
    (
        "SELECT make_date(2023, 2, 30)",
        "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
        "2023, 2, 30",
        "DateTimeException",
    ),
    (
        "SELECT make_date(2023, 13, 1)",
        "DATETIME_FIELD_OUT_OF_BOUNDS.WITH_SUGGESTION",
        "13",
        "DateTimeException",
    ),
    (
        "SELECT next_day(DATE'2024-01-01', 'xx')",
        "ILLEGAL_DAY_OF_WEEK",
        "xx",
        "SparkRuntimeException",
    ),
    (
        "SELECT CAST(DATE'2024-01-01' AS INT)",
        "DATATYPE_MISMATCH.CAST_WITH_FUNC_SUGGESTION",
        "unix_date",
        "AnalysisException",
    ),
    (
        "SELECT array(1) = 1",
        "DATATYPE_MISMATCH.BINARY_OP_DIFF_TYPES",
        "INT",
        "AnalysisException",
    ),
    (
        "SELECT sum(x) FROM VALUES (true) AS v(x)",
        "DATATYPE_MISMATCH.UNEXPECTED_INPUT_TYPE",
        "BOOLEAN",
        "AnalysisException",
    ),
    ("VALUES (1, 2), (3)", "INVALID_INLINE_TABLE.NUM_COLUMNS_MISMATCH", "2", "AnalysisException"),
    (
        "SELECT (SELECT id, x FROM t LIMIT 1)",
        "INVALID_SUBQUERY_EXPRESSION.SCALAR_SUBQUERY_RETURN_MORE_THAN_ONE_OUTPUT_COLUMN",
        "2",
        "AnalysisException",
    ),
    (
        "SELECT id FROM t WHERE row_number() OVER (ORDER BY id) = 1",
        "WINDOW_FUNCTION_NOT_ALLOWED_IN_CLAUSE",
        "QUALIFY",
        "AnalysisException",
    ),
    ("SELECT id FROM t ORDER BY 3", "ORDER_BY_POS_OUT_OF_RANGE", "1 to 1", "AnalysisException"),
    ("DROP VIEW t", "WRONG_COMMAND_FOR_OBJECT_TYPE", "DROP TABLE", "AnalysisException"),
    ("DROP VIEW nope", "TABLE_OR_VIEW_NOT_FOUND", "nope", "AnalysisException"),
    ("UPDATE t SET x = 1, x = 2", "DELTA_CONFLICT_SET_COLUMN", "`x`", "AnalysisException"),
    (
        "SELECT DATE'2024-01-01' = X'31'",
        "UNSUPPORTED_FEATURE.LOCAL_ENGINE",
        "Cast",
        "AnalysisException",
    ),
    (
        "SELECT zip_with(array(1), array(2), (x, y) -> x + y)",
        "UNSUPPORTED_FEATURE.LOCAL_ENGINE",
        "zip_with",
        "AnalysisException",
    ),
    (
        f"{MERGE} t.id = d.id WHEN MATCHED THEN UPDATE SET x = d.x",
        "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE",
        "duplicates",
        "AnalysisException",
    ),
    (
        f"{MERGE} t.id = d.id WHEN MATCHED THEN UPDATE SET zz = d.x",
        "DELTA_MERGE_UNRESOLVED_EXPRESSION",
        "`zz`.*`id`",
        "AnalysisException",
    ),
]


@pytest.fixture(scope="module")
def tables(spark):
    names = create_schema(spark)
    yield names
    drop_schema(spark, names)


@pytest.fixture
def in_schema(spark, tables):
    spark.sql(f"USE {tables['s']}")


def check(call, condition, words, kind=None):
    with pytest.raises(PySparkException, match=f"(?s){words}") as refused:
        call()
    assert refused.value.getCondition() == condition
    assert refused.value.getSqlState()
    assert str(refused.value).startswith(f"[{condition}] ")
    if kind:
        assert type(refused.value).__name__ == kind


@pytest.mark.parametrize(("statement", "condition", "words", "kind"), STATEMENTS)
def test_a_statement_fails_under_the_condition_of_spark(
    spark, in_schema, statement, condition, words, kind
):
    check(lambda: spark.sql(statement).collect(), condition, words, kind)


FRAMES = [
    (lambda df: df.select("nope").collect(), UNRESOLVED, "`nope`.*`id`"),
    (lambda df: df.select("nope").schema, UNRESOLVED, "`nope`"),
    (lambda df: df.select("nope").toPandas(), UNRESOLVED, "`nope`"),
    (lambda df: df.filter("nope = 1").collect(), UNRESOLVED, "`nope`"),
    (lambda df: df.groupBy("id").agg(F.sum("nope")).collect(), UNRESOLVED, "`nope`"),
    (
        lambda df: df.dropDuplicates(["nope"]).collect(),
        "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
        "nope.*`id`",
    ),
    (
        lambda df: df.unionByName(df.select("id")).collect(),
        "UNRESOLVED_COLUMN_AMONG_FIELD_NAMES",
        "ts",
    ),
    (
        lambda df: df.join(df, "nope").collect(),
        "UNRESOLVED_USING_COLUMN_FOR_JOIN",
        "nope",
    ),
    (lambda df: df.join(df, "id").select("x").collect(), "AMBIGUOUS_REFERENCE", "`x`"),
    (lambda df: df.union(df.select("id")).collect(), "NUM_COLUMNS_MISMATCH", "3 columns.*1"),
    (
        lambda df: df.select(F.lit("a").cast("int")).toPandas(),
        "CAST_INVALID_INPUT",
        "'a'",
    ),
    (lambda df: df.select(F.lit(1) / F.lit(0)).collect(), "DIVIDE_BY_ZERO", "try_divide"),
    (lambda df: df.select(F.raise_error(F.lit("boom"))).collect(), "USER_RAISED_EXCEPTION", "boom"),
]


@pytest.mark.parametrize(("call", "condition", "words"), FRAMES)
def test_a_dataframe_fails_under_the_condition_of_spark(spark, in_schema, call, condition, words):
    check(lambda: call(spark.table("t")), condition, words)


def test_a_write_fails_under_the_condition_of_spark(spark, in_schema):
    frame = spark.table("n").select(F.col("b").cast("int").alias("a"), "b")
    check(lambda: frame.write.mode("append").saveAsTable("n"), "CAST_INVALID_INPUT", "'one'")


def test_a_missing_view_and_an_existing_one(spark, in_schema):
    spark.table("n").createTempView("twice")
    check(
        lambda: spark.table("n").createTempView("twice"),
        "TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
        "`twice`",
    )
    spark.catalog.dropTempView("twice")
    check(lambda: spark.table("twice").collect(), "TABLE_OR_VIEW_NOT_FOUND", "twice")


def test_an_append_only_table_keeps_its_rows(spark, in_schema):
    spark.sql("CREATE TABLE only (a INT) TBLPROPERTIES ('delta.appendOnly' = 'true')")
    spark.sql("INSERT INTO only VALUES (1)")
    check(
        lambda: spark.sql("DELETE FROM only WHERE a = 1"),
        "DELTA_CANNOT_MODIFY_APPEND_ONLY",
        "only allow appends",
    )
    assert spark.table("only").count() == 1


def test_a_setting_that_does_not_exist(spark):
    check(lambda: spark.conf.get("spark.nope"), "SQL_CONF_NOT_FOUND", "spark.nope")


def test_other_words_stay_as_they_are():
    error = AnalysisException(message="something that no table has")
    assert translate(error, FailedRequest()) is None


def test_a_condition_is_kept():
    error = AnalysisException(message="divide by zero", errorClass="MINE")
    assert translate(error, FailedRequest()) is None


@pytest.mark.parametrize(
    ("call", "method"),
    [
        (lambda spark: spark.range(2).transpose().collect(), "DataFrame.transpose"),
        (lambda spark: spark.range(2).withWatermark("id", "1 day").collect(), "withWatermark"),
    ],
)
def test_a_method_that_the_engine_lacks_is_named(spark, call, method):
    with pytest.raises(PySparkException, match=method) as refused:
        call(spark)
    assert refused.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"


def test_cogroup_with_null_is_named(spark):
    frame = spark.createDataFrame([(1, "a"), (None, "b")], "k int, x string")
    grouped = frame.groupBy("k").cogroup(frame.groupBy("k"))
    with pytest.raises(PySparkException, match="cogroup") as refused:
        grouped.applyInPandas(lambda left, right: left, "k int, x string").collect()
    assert refused.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"


def test_a_void_column_of_a_table_is_named(spark, schema):
    frame = spark.range(1).selectExpr("id", "NULL AS unknown")
    with pytest.raises(PySparkException, match="VOID") as refused:
        frame.write.saveAsTable(f"{schema}.void_column")
    assert refused.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"


def test_a_limited_lateral_join_is_named(spark):
    left = spark.range(2).alias("l")
    inner = spark.range(2).alias("r").where("r.id = l.id").orderBy("id").limit(1)
    with pytest.raises(PySparkException, match="correlated subquery") as refused:
        left.lateralJoin(inner).collect()
    assert refused.value.getCondition() == "UNSUPPORTED_FEATURE.LOCAL_ENGINE"
