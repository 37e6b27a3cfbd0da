"""labelImg for one session: prepared, opened with its faults mended, checked on return."""
