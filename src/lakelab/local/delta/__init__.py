"""The Delta log: reading commits, writing commits, merging rows."""
