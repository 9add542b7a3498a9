"""`python -m remit` is the `remit` command."""

import sys

from remit.cli import main

sys.exit(main())
