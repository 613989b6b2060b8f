"""The home folder, child processes, HTTP servers and DuckDB: modules that import no other package of lakelab."""
