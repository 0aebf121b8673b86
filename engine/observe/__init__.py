"""The observer: every host is looked at all the time, over a connection that stays open; changes are told as events."""
