"""`python -m citypanel` is `citypanel`."""

import sys

from citypanel.cli import main

sys.exit(main())
