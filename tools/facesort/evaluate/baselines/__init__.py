"""Our detector beside others: how many faces of each class each finds, and what it costs."""
