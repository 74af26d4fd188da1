"""``python -m charbert``: use a fine-tuned model."""

import sys

from charbert.deploy.command import main

if __name__ == "__main__":
    sys.exit(main())
