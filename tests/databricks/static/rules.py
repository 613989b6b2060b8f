"""Rules for the code that runs on Databricks: each rule yields its violations in one cell or module."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache

from tests.databricks.static.sources import Piece

Rule = Callable[[Piece], Iterator[str]]

NOT_ON_SERVERLESS = {
    *("rdd", "cache", "persist", "unpersist", "checkpoint", "cacheTable", "clearCache"),
    *("_jvm", "_jsc", "_jsparkSession", "_sc", "sparkContext"),
    *("createGlobalTempView", "createOrReplaceGlobalTempView"),
}
"""Attributes that Spark Connect or serverless compute lacks.

Follows https://docs.databricks.com/aws/en/compute/serverless/limitations
"""

OTHER_ROOTS = {
    *(
        "mlflow",
        "databricks",
        "lakelab",
        "pyspark",
        "spark",
        "delta",
        "sklearn",
        "scipy",
        "jupyter",
    ),
    *("metrics", "params", "tags", "attributes", "datasets", "os", "sys", "importlib", "pandas"),
}
"""First parts of dotted names that are not catalogs."""

FETCHERS = re.compile(
    r"fetch_\w+|urlopen|urlretrieve|load_dataset|hf_hub_download|snapshot_download"
)
WRITERS = {
    *("write_text", "write_bytes", "mkdir", "makedirs", "touch", "copytree", "copyfile", "rmtree"),
    *("to_csv", "to_parquet", "to_json", "to_pickle", "savefig", "dump"),
}
IN_MEMORY = ("to_csv", "to_json")
"""Methods that return text if they have no path."""

ATTRIBUTES = ("info", "data", "inputs", "outputs", "dataset", "records")
"""Second parts of dotted names that are attributes: `run.info.run_id` is not a table."""


def _solutions(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of the solutions in a module of exercises: each solution is a piece of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "solution":
            yield from ast.walk(node.value)


@cache
def _nodes(piece: Piece) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(piece.code)))


def _line(piece: Piece, node: ast.AST) -> str:
    return piece.code.splitlines()[node.lineno - 1].strip()  # type: ignore[attr-defined]


@cache
def texts(piece: Piece) -> tuple[tuple[ast.AST, str], ...]:
    """Return each string, with ``{name}`` for the expressions of an f-string; docstrings are excluded."""
    return tuple(_texts(piece))


def _texts(piece: Piece) -> Iterator[tuple[ast.AST, str]]:
    tree = ast.parse(piece.code)
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
        if part is not node
    }
    inside |= {id(node) for node in _solutions(tree)}
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if id(node) in inside or id(node) in docstrings:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = [
                str(part.value)
                if isinstance(part, ast.Constant)
                else f"{{{ast.unparse(part.value)}}}"  # type: ignore[attr-defined]
                for part in node.values
            ]
            yield node, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value


def spark_connect(piece: Piece) -> Iterator[str]:
    """No RDDs, caches, JVM or global views: serverless compute has none of them."""
    for node in _nodes(piece):
        if isinstance(node, ast.Attribute) and node.attr in NOT_ON_SERVERLESS:
            if ast.unparse(node.value) != "functools":
                yield _line(piece, node)
        elif isinstance(node, ast.Name) and node.id in ("sc", "SparkContext"):
            yield _line(piece, node)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            named = [alias.name for alias in node.names]
            module = getattr(node, "module", "") or ""
            if any(re.match(r"pyspark\.(ml|mllib)\b", name) for name in [module, *named]):
                yield _line(piece, node)
            if module == "pyspark" and {"SparkContext", "SparkConf", "ml"} & set(named):
                yield _line(piece, node)
    for node, text in texts(piece):
        if re.search(r"(?i)\b(un)?cache\s+(lazy\s+)?table\b|\bglobal_temp\b|\bglobal\s+temp", text):
            yield _line(piece, node)


def configuration(piece: Piece) -> Iterator[str]:
    """No Spark configuration: serverless compute allows only a few settings."""
    for node in _nodes(piece):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in (
            "spark.conf.set",
            "spark.conf.unset",
        ):
            yield _line(piece, node)
    for node, text in texts(piece):
        if re.match(r"(?i)\s*(re)?set\s+spark\.", text):
            yield _line(piece, node)


def magics(piece: Piece) -> Iterator[str]:
    """No shell, Scala, R or file magic: only `%run ./_lab`, and `%pip` in `_lab.py`."""
    for line in piece.raw.splitlines():
        magic = line.strip().removeprefix("# MAGIC ").strip()
        if re.match(r"[%!]\w*", magic) and not re.match(r"%run \./_lab$|%pip install ", magic):
            yield magic


def dbfs(piece: Piece) -> Iterator[str]:
    """No DBFS: new workspaces do not have it."""
    for node in _nodes(piece):
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "dbutils.fs":
            yield _line(piece, node)
    for node, text in texts(piece):
        if re.search(r"dbfs:/|(?<!\w)/dbfs/|/FileStore\b|/mnt/", text):
            yield _line(piece, node)


def hard_coded_catalog(piece: Piece) -> Iterator[str]:
    """No literal catalog: each three-level name begins with the learner's catalog, in a variable."""
    part = r"`?(?:\{[^{}]+\}|\w+)`?"
    name = re.compile(rf"(?<![\w./@{{}}:'-])`?([A-Za-z_]\w*)`?\.{part}\.{part}(?![\w(/])")
    for node, text in texts(piece):
        for found in name.finditer(text):
            if found[1] not in OTHER_ROOTS and found[0].split(".")[1] not in ATTRIBUTES:
                yield f"{found[0]}: {_line(piece, node)}"
        if re.search(r"(?i)\b(use|create|drop)\s+catalog\s+(if\s+(not\s+)?exists\s+)?[`\w]", text):
            yield _line(piece, node)
        if (
            re.search(r"(?<![\w./])(main|workspace|hive_metastore)\.[\w{]", text)
            and "://" not in text
        ):
            yield f"{text[:60]}: {_line(piece, node)}"


def internet(piece: Piece) -> Iterator[str]:
    """No requests to the internet."""
    for node in _nodes(piece):
        if isinstance(node, ast.Import | ast.ImportFrom):
            named = [getattr(node, "module", "") or "", *(alias.name for alias in node.names)]
            if any(
                re.match(r"(requests|urllib\.request|httpx|socket|http\.client)\b", n)
                for n in named
            ):
                yield _line(piece, node)
        called = node.func if isinstance(node, ast.Call) else None
        if called is not None and FETCHERS.fullmatch(ast.unparse(called).rpartition(".")[2]):
            yield _line(piece, node)
    for node, text in texts(piece):
        if re.search(r"\b(https?|s3|gs|abfss?|wasbs?|ftp)://(?!127\.0\.0\.1|localhost)", text):
            yield _line(piece, node)


def files(piece: Piece) -> Iterator[str]:
    """No files are written, except in a temporary folder that ends with the cell."""
    temporary = {
        item.optional_vars.id
        for node in _nodes(piece)
        if isinstance(node, ast.With)
        for item in node.items
        if "TemporaryDirectory" in ast.unparse(item.context_expr)
        and isinstance(item.optional_vars, ast.Name)
    }
    for node in _nodes(piece):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        arguments = [
            *node.args,
            *(k.value for k in node.keywords if k.arg in ("mode", "path_or_buf")),
        ]
        literals = [
            a.value for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)
        ]
        writes = name in WRITERS and isinstance(node.func, ast.Attribute)
        if name in IN_MEMORY and not arguments:
            writes = False
        if name == "open":
            writes = any(re.fullmatch(r"[rwaxbt+]*[wax+][rwaxbt+]*", text) for text in literals)
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        if writes and not names & temporary:
            yield _line(piece, node)


def folders(piece: Piece) -> Iterator[str]:
    """Workspace paths are in the user's own folder of the course: `/Users/<user>/lakelab...`."""
    for node, text in texts(piece):
        workspace = re.match(r"/(Users|Shared|Workspace|Volumes|Repos)/.", text)
        if workspace and not re.match(r"/Users/\{[^{}]+\}/lakelab\w*$", text):
            yield _line(piece, node)


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        *(spark_connect, configuration, magics, dbfs),
        *(hard_coded_catalog, internet, files, folders),
    )
}
