"""The observer: every host is looked at all the time, over one connection that stays open; changes are told as events."""
