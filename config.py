"""pyinfra's own settings for this folder: it reads this file before every run."""

from pyinfra import config

# A layer stands on the one below, so the first host that fails ends the run.
config.FAIL_PERCENT = 0
config.CONNECT_TIMEOUT = 5
config.REQUIRE_PYINFRA_VERSION = ">=3.10,<3.11"
