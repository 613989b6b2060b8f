"""Python functions of Unity Catalog: run the body of a function, and cast its values."""
