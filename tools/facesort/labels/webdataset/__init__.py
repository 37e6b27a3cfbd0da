"""WebDataset: images and their labels in tar files that are read in one pass, and written."""
