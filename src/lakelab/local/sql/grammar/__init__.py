"""The statements of Unity Catalog and Delta that sqlglot's Databricks dialect does not parse, a family each.

A module has the nodes of a family and a mixin of :class:`lakelab.local.sql.grammar.parser.StatementParser` that
parses the family. :mod:`lakelab.local.sql.dialect` joins the mixins into one dialect.
"""
