"""What a person does by hand is stored as a label, and teaches."""
