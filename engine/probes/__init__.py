"""What a client feels, measured from outside: new connections on a fixed schedule, and one stream that stays open.

A process of its own (`python -m engine.probes`), so that nothing the engine does meanwhile holds up the schedule.
"""
