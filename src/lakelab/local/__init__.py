"""What a laptop lacks: one module or folder for each Databricks service that it answers for."""

import os
from importlib.util import find_spec

# pyspark looks for its own folder when it is imported, and ends the process where it cannot find it,
# as under `python -c`
_pyspark = find_spec("pyspark")
if _pyspark and _pyspark.submodule_search_locations:
    os.environ.setdefault("SPARK_HOME", _pyspark.submodule_search_locations[0])
