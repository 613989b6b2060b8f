"""The services of Databricks on a laptop: one package for each."""

import os
from importlib.util import find_spec

# when pyspark is imported, it searches for its own folder, and ends the process if it finds none, as
# under `python -c`
_pyspark = find_spec("pyspark")
if _pyspark and _pyspark.submodule_search_locations:
    os.environ.setdefault("SPARK_HOME", _pyspark.submodule_search_locations[0])
