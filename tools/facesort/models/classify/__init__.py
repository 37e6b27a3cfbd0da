"""Face crops, one face each: networks that name what covers it, without looking for a face."""
