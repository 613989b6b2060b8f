"""Infer the types of values in code without running it, and check the calls on the packages of a runtime.

Runs in a process of its own, whose path begins with the packages of one Databricks runtime (see
`child.py`), on nothing but the standard library and these packages. A value is followed from where it is
made (an import, a constructor, a return annotation) to where something is called on it. Functions of the
course are evaluated with the arguments of their callers.

The modules, each on top of those before it: `values` (what a value may be), `annotations` (types from the
packages' annotations and docstrings), `interpreter` (the state of an evaluation), `assignments`,
`definitions` (functions of the course), `members` (attributes), `signatures` (do the arguments bind),
`calls`, `expressions`, `imports`, `statements`, `walk` (all programs of a request).
"""
