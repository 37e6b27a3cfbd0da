"""Face crops, one face an image, made into a data set."""
