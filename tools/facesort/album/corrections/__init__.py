"""What a person does by hand becomes a label for ever, and teaches."""
