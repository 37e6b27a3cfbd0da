"""8-bit models: calibrated, the head left in float, the scheme chosen by its time here."""
