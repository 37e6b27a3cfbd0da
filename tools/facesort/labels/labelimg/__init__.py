"""labelImg for one session: prepared, opened with its faults fixed, checked on return."""
