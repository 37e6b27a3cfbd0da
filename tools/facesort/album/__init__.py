"""Albums: scan photos, plan where they go, file them, and undo it."""
