# Databricks notebook source
# The set-up that every lesson runs first: `%run ./_lab`. It leaves `spark`, `lab`, `CATALOG` and
# `SCHEMA` in the notebook, and `dbutils` and `display` where they are absent. On a laptop the lines
# that begin with `# MAGIC` are comments; on Databricks they install what the compute lacks.

# COMMAND ----------

# MAGIC %pip install --quiet "databricks-feature-engineering>=0.12.1" "mlflow-skinny[databricks]>=3.0.1,<4" "databricks-sdk>=0.57" lightgbm "optuna>=3.6" pyyaml scikit-learn

# COMMAND ----------

if "dbutils" in globals():  # Databricks: use what was just installed
    dbutils.library.restartPython()  # noqa: F821

# COMMAND ----------

import os
import sys


def _source_folder():
    """Return the absolute path of `src`: beside this folder, or unpacked from the wheel beside it."""
    if "__file__" in globals():  # a laptop
        notebooks = os.path.dirname(os.path.abspath(__file__))
    else:  # Databricks: on some kinds of compute the working folder is not the notebook's
        try:
            context = dbutils.notebook.entry_point.getDbutils().notebook().getContext()  # noqa: F821
            path = context.notebookPath().get()
            # the path of a job's notebook may have the prefix, as in bundles, or not
            if not path.startswith("/Workspace/"):
                path = "/Workspace" + path
            notebooks = os.path.dirname(path)
        except Exception:  # noqa: BLE001 - not a public API; the working folder is the next best
            notebooks = os.getcwd()
    course = os.path.dirname(notebooks)
    if not os.path.isdir(os.path.join(course, "src")):  # neither a clone nor a Git folder
        from packaging.version import Version

        dist = os.path.join(course, "dist")
        wheels = [name for name in _listed(dist) if name.startswith("lakelab-") and ".whl" in name]
        if wheels:
            newest = max(wheels, key=lambda name: Version(name.split("-")[1]))
            course = _unpacked(os.path.join(dist, newest), course)
    return os.path.join(course, "src")


def _is_mine(folder):
    """Return whether a folder belongs to this user: other users may write to the temporary folder."""
    return os.path.isdir(folder) and os.stat(folder).st_uid == os.getuid()


def _listed(folder):
    return os.listdir(folder) if os.path.isdir(folder) else []


def _unpacked(wheel, course):
    """Unpack the wheel that `lakelab upload` wrote: once for each content and user."""
    import hashlib
    import io
    import shutil
    import tempfile
    import zipfile

    with open(wheel, "rb") as file:
        content = file.read()
    mine = (os.path.basename(wheel), hashlib.sha256(content).hexdigest()[:16], os.getuid())
    folder = os.path.join(tempfile.gettempdir(), "%s-%s-%d" % mine)
    if not _is_mine(folder):
        draft = tempfile.mkdtemp(prefix="lakelab-")
        zipfile.ZipFile(io.BytesIO(content)).extractall(os.path.join(draft, "src"))
        for name in ["databricks.yml", "pyproject.toml"]:  # lessons read them
            if name in _listed(course):
                shutil.copy(os.path.join(course, name), draft)
        if "resources" in _listed(course):
            shutil.copytree(os.path.join(course, "resources"), os.path.join(draft, "resources"))
        try:
            os.rename(draft, folder)  # atomic: the folder is never visible in part
        except OSError:
            if not _is_mine(folder):
                raise
            shutil.rmtree(draft)  # another notebook was faster
    return folder


if sys.version_info < (3, 11):
    raise SystemExit(
        "lakelab: this is Python %d.%d, expected 3.11, 3.12 or 3.13. Run `make lab`, or choose the kernel "
        "of the project's .venv." % sys.version_info[:2]
    )
_source = _source_folder()
if _source not in sys.path:
    sys.path.insert(0, _source)

try:
    from lakelab.start import start
except ModuleNotFoundError as missing:
    raise SystemExit(
        "lakelab: the package '%s' is missing from this Python (%s), and nothing of it is in %s. Run "
        "`make lab`, or choose the kernel of the project's .venv; on Databricks bring the whole course, "
        "with `lakelab upload` or a Git folder." % (missing.name, sys.executable, _source)
    ) from None

globals().update(start(globals().get("spark"), globals().get("dbutils")))
