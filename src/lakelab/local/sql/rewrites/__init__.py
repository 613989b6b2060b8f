"""Changes of a statement's tree before the engine gets it: what the engine reads wrongly or not at all.

Each module has one rewrite. :mod:`lakelab.local.sql.rewrites.steps` has the order in which they run.
"""
