"""Models side by side: speed, size, memory and accuracy, from one run."""
