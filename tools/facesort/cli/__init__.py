"""The ``facesort`` command: one verb a script, shell completion, a start page without arguments."""
