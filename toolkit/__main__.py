"""`python -m toolkit` is `kata`."""

from toolkit.app import main

if __name__ == "__main__":
    main()
