"""The report that mends: findings of a data set check as a page with ticks, on this machine."""
