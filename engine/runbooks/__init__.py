"""The procedures that come with hatui, each a short file that reads like what it does."""
