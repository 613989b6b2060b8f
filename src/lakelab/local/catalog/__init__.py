"""Unity Catalog without an engine: names, tables, functions, models, grants."""
