"""Curation: the page that mends a data set, and the images to label next."""
