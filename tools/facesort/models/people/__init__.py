"""From a face to a vector that says whose it is: points, alignment, embedding, their training."""
