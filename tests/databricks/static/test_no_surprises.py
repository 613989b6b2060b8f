"""The lessons use only features of serverless compute, and have no side effects that a learner does not expect.

`rules.py` has the rules; `exceptions.yaml` has the exceptions, each with its reason.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.databricks.static import sources
from tests.databricks.static.rules import RULES
from tests.databricks.static.sources import Piece

PLANTED = {
    "spark_connect": (
        "spark.table('t').rdd.map(len)",
        "frame.cache()",
        "frame.persist()",
        "spark._jvm.java",
        "spark.sparkContext",
        "sc.parallelize([1])",
        "frame.createOrReplaceGlobalTempView('v')",
        "from pyspark import SparkContext",
        "from pyspark.ml.feature import VectorAssembler",
        "import pyspark.mllib",
        "spark.sql('CACHE TABLE t')",
        "spark.sql(f'SELECT * FROM global_temp.{view}')",
    ),
    "configuration": (
        "spark.conf.set('spark.executor.memory', '8g')",
        "spark.sql('SET spark.x = 1')",
    ),
    "magics": ("%sh ls", "%scala\nval x = 1", "%%r\nx <- 1", "!ls", "%fs ls /", "%run ../other"),
    "dbfs": (
        "dbutils.fs.ls('/')",
        "frame.write.save('dbfs:/tmp/x')",
        "open('/dbfs/tmp/x')",
        "path = f'/mnt/{bucket}'",
    ),
    "hard_coded_catalog": (
        "spark.table('main.lakelab.planes')",
        "spark.sql('SELECT * FROM prod.ml.t')",
        "fe.create_table(name=f'main.{SCHEMA}.planes')",
        "spark.sql(f'DROP TABLE `workspace`.`{SCHEMA}`.`planes`')",
        "spark.sql('USE CATALOG ml')",
        "schema = 'main.lakelab'",
        "uri = 'models:/' + 'ml.models.delay'",
    ),
    "internet": (
        "import requests",
        "from urllib.request import urlopen",
        "rows = pandas.read_csv('https://example.com/rows.csv')",
        "from sklearn import datasets\ndatasets.fetch_openml('adult')",
        "frame = spark.read.load('s3://bucket/x')",
    ),
    "files": (
        "open('rows.csv', 'w')",
        "open('rows.csv', mode='a')",
        "rows.to_csv('rows.csv')",
        "Path('x').write_text('x')",
        "os.makedirs('out')",
        "figure.savefig('x.png')",
    ),
    "folders": (
        "mlflow.set_experiment('/Shared/delays')",
        "mlflow.set_experiment(f'/Users/{user}/delays')",
        "mlflow.set_experiment('/Users/ana@example.com/lakelab')",
        "path = '/Volumes/main/x/y'",
    ),
}
"""Code that each rule must find."""

ALLOWED = {
    "spark_connect": "from functools import cache\n@cache\ndef f(): ...\nfunctools.cache(f)",
    "configuration": "spark.conf.get('spark.sql.session.timeZone')",
    "magics": "%run ./_lab",
    "dbfs": "path = 'data/dbfs'",
    "hard_coded_catalog": (
        "'''main.lakelab.planes'''\n"
        "spark.table(f'{CATALOG}.{SCHEMA}.planes')\n"
        "spark.sql(f'SELECT t.late FROM {PROD}.flight_labels AS t')\n"
        "client.search_runs(IDS, 'metrics.auc > 0.7')\n"
        "expression = 'run.info.run_id'"
    ),
    "internet": "print('127.0.0.1', 'http://127.0.0.1:5000')",
    "files": (
        "with tempfile.TemporaryDirectory() as folder:\n    rows.to_csv(Path(folder) / 'x.csv')\n"
        "text = rows.to_csv(index=False)\nopen('x.csv')\nrows.rename(columns={'a': 'b'})"
    ),
    "folders": "mlflow.set_experiment(f'/Users/{user}/lakelab')",
}
"""Code that a rule must not find."""


def piece(code: str) -> Piece:
    return Piece("planted", sources.as_python(code), code)


@cache
def exceptions() -> tuple[dict[str, str], ...]:
    path = Path(__file__).with_name("exceptions.yaml")
    return tuple(yaml.safe_load(path.read_text(encoding="utf-8")))


@cache
def found() -> tuple[tuple[str, str, str], ...]:
    """Return all violations: rule, cell or module, and the violation."""
    lessons = [one for cells in sources.lessons().values() for one in cells]
    return tuple(
        (name, one.unit, what)
        for name, rule in RULES.items()
        for one in [*lessons, *sources.modules()]
        for what in rule(one)
    )


def _covers(exception: dict[str, str], rule: str, where: str, what: str) -> bool:
    return (
        exception["rule"] == rule
        and where.startswith(exception["where"])
        and exception.get("what", "") in what
    )


@pytest.mark.parametrize("rule", RULES)
def test_no_lesson_breaks_the_rule(rule: str) -> None:
    broken = [
        f"{where}: {what}"
        for name, where, what in found()
        if name == rule and not any(_covers(one, name, where, what) for one in exceptions())
    ]
    assert not broken, f"{RULES[rule].__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize("number", range(len(exceptions())))
def test_each_exception_is_needed_and_has_a_reason(number: int) -> None:
    exception = exceptions()[number]
    assert any(_covers(exception, *one) for one in found())
    assert len(exception["why"].split()) > 4


@pytest.mark.parametrize(
    ("rule", "code"), [(rule, code) for rule, codes in PLANTED.items() for code in codes]
)
def test_a_rule_finds_a_planted_violation(rule: str, code: str) -> None:
    assert list(RULES[rule](piece(code)))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_accepts_allowed_code(rule: str) -> None:
    assert not list(RULES[rule](piece(ALLOWED[rule])))


def test_the_rules_cover_all_code() -> None:
    """The rules check all lessons, and the modules that the lessons import on Databricks."""
    assert len(sources.lessons()) == 18
    names = {one.unit for one in sources.modules()}
    expected = {"lakelab.lab", "lakelab.cleanup", "lakelab.lessons.prepare", "notebooks/_lab.py"}
    assert expected <= names
    imported = {
        module
        for cells in sources.lessons().values()
        for one in cells
        for module in _imported(one.code)
    }
    packages = {name.rpartition(".")[0] for name in names}
    assert {m for m in imported if m not in names | packages} == set()


def _imported(code: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return {name for name in names if name.partition(".")[0] == "lakelab"}


# ---- resources that run, and cost ----------------------------------------------------------------------
def left_running(code: str) -> list[str]:
    """Return what a lesson starts and does not end: endpoints, online stores, online tables."""
    started = re.findall(r"(?m)^(\s*)(?:(\w+) = |with )?lab\.serve\(", code)
    left = [
        f"lab.serve as {name or 'nothing'}"
        for indent, name in started
        if not name or not re.search(rf"\b{name}\.stop\(\)", code)
    ]
    left = [one for one in left if not re.search(r"with lab\.serve\(", code)]
    for start, end in (
        ("create_online_store(", "delete_online_store("),
        ("publish_table(", "delete_online_table("),
        ("serving_endpoints.create", "serving_endpoints.delete("),
        ("create_feature_serving_endpoint(", "delete_feature_serving_endpoint("),
    ):
        if start in code and end not in code:
            left.append(start)
    return left


@pytest.mark.parametrize("lesson", sources.lessons())
def test_a_lesson_ends_what_it_starts(lesson: str) -> None:
    code = "\n".join(one.raw for one in sources.lessons()[lesson])
    assert not left_running(code)
    if "lab.serve(" in code:
        text = sources.text_of(lesson)
        assert "cost" in text, "the text must say that running resources cost"
        assert "lab.cleanup(" in text, "the text must name the clean-up for a failed lesson"


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("endpoint = lab.serve('models:/m@Champion')", 1),
        ("lab.serve('models:/m@Champion')", 1),
        ("endpoint = lab.serve('m')\nendpoint.stop()", 0),
        ("with lab.serve('m') as endpoint:\n    endpoint.predict([])", 0),
        ("fe.create_online_store(name='s', capacity='CU_1')", 1),
        ("fe.publish_table(online_store=s)\nw.feature_store.delete_online_table('t')", 0),
        ("w.serving_endpoints.create_and_wait('e')", 1),
    ],
)
def test_left_running_finds_what_is_not_ended(code: str, left: int) -> None:
    assert len(left_running(code)) == left
