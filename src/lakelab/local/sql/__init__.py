"""SQL statements of Unity Catalog and Delta."""
