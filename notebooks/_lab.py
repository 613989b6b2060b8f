# Databricks notebook source
# The set-up that every lesson runs first: `%run ./_lab`. It leaves `spark`, `lab`, `CATALOG` and
# `SCHEMA` in the notebook, and `dbutils` and `display` where they are absent. On a laptop the lines
# that begin with `# MAGIC` are comments; on Databricks they install what the compute lacks.

# COMMAND ----------

# MAGIC %pip install --quiet "databricks-feature-engineering>=0.12.1" "mlflow>=3.0.1,<4" "databricks-sdk>=0.57" lightgbm "optuna>=3.6" pyyaml scikit-learn

# COMMAND ----------

if "dbutils" in globals():  # Databricks: use what was just installed
    dbutils.library.restartPython()  # noqa: F821

# COMMAND ----------

import os
import sys


def _source_folder():
    """Give the absolute path of `src`, beside the folder that this notebook is in."""
    if "__file__" in globals():  # a laptop
        notebooks = os.path.dirname(os.path.abspath(__file__))
    else:  # Databricks: the working folder is the notebook's, but not on every kind of compute
        try:
            context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()  # noqa: F821
            notebooks = os.path.dirname("/Workspace" + context.notebookPath().get())
        except Exception:  # noqa: BLE001 - not a public API; the working folder is the next best
            notebooks = os.getcwd()
    return os.path.join(os.path.dirname(notebooks), "src")


if sys.version_info < (3, 11):
    raise SystemExit(
        "lakelab: this is Python %d.%d, expected 3.11, 3.12 or 3.13. Run `make lab`, or choose the kernel "
        "of the project's .venv." % sys.version_info[:2]
    )
if _source_folder() not in sys.path:
    sys.path.insert(0, _source_folder())

try:
    from lakelab.lab import start
except ModuleNotFoundError as missing:
    raise SystemExit(
        "lakelab: the package '%s' is missing from this Python (%s). Run `make lab`, or choose the "
        "kernel of the project's .venv." % (missing.name, sys.executable)
    ) from None

globals().update(start(globals().get("spark"), globals().get("dbutils")))
