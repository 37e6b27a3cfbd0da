"""Training through Ultralytics, with what it lacks, and a card for every run."""
