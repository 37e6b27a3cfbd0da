"""Label formats: one file a format, each reads and writes what its source defines."""
