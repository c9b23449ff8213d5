"""``python -m neuralpde``."""

from neuralpde.cli import main

if __name__ == "__main__":
    main()
