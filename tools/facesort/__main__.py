"""``python -m facesort`` is the facesort command."""

from facesort.cli.main import main

if __name__ == "__main__":
    main()
