"""Relations of a plan that the engine lacks or computes differently from Spark: one module for each."""
