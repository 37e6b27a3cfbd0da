"""Face crops, one face a picture, made into a data set."""
