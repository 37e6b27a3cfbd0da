"""Looks for faults in a data set, shows them, and writes a repaired copy."""
