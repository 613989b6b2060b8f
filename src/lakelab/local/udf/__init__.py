"""Python functions of Unity Catalog: running a body, casting values."""
