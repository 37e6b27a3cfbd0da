"""From any label format to any other: which format it is, reading, writing."""
