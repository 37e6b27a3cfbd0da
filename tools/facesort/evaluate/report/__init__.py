"""An evaluation as a page, as Markdown, as JSON and as lines of text."""
