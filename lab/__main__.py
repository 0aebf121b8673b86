from __future__ import annotations

import sys

from lab.main import main

sys.exit(main())
