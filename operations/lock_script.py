"""What runs on each host while the lock is held there: a shell that holds it, and one that keeps the run's journal."""

from __future__ import annotations

import shlex

from cluster.lease import PATIENCE
from cluster.names import LOCK, RUNS

RUNS_KEPT = 200
"""The newest runs whose journals a host keeps."""
LARGEST = 2**20
"""Bytes that the journal of one run may have on a host."""

# The journal is written by a process of its own, which does not hold the lock: a slow disk delays no beat.
_SCRIPT = f"""
umask 077
trap '' PIPE
mkdir -p /run/hatui && exec 9>>{LOCK} || exit 1
IFS= read -r -t {PATIENCE:g} me || exit 1
if ! flock -n 9; then printf 'held '; head -c 2000 {LOCK}.holder 2>/dev/null | head -n 1; echo; exit 3; fi
printf '%s\\n' "$me" >{LOCK}.holder
keep() {{
  exec 9>&-
  file={RUNS}/$run.jsonl torn=
  while read -r number text; do
    if mkdir -p -m 0755 "$(dirname {RUNS})" && mkdir -p -m 0700 {RUNS} &&
      [ "$(stat -c %s "$file" 2>/dev/null || echo 0)" -lt {LARGEST} ] &&
      printf '%s%s\\n' "$torn" "$text" >>"$file" && sync -d "$file" && sync {RUNS}
    then torn=; echo "kept $number"
    else torn='
'; echo "unkept $number"; fi 2>/dev/null
    if [ "$number" = 1 ]; then
      ls {RUNS} | grep '[.]jsonl$' | sort -r | tail -n +{RUNS_KEPT + 1} |
        while read -r old; do rm -f {RUNS}/"$old"; done
    fi
  done
}}
exec 8> >(keep)
echo taken
while read -r -t {PATIENCE:g} word rest; do
  if [ "$word" = log ]; then printf '%s\\n' "$rest" >&8; else echo "$word"; fi || break
done
rm -f {LOCK}.holder
"""


def lock_script(run: str) -> str:
    """The shell command that holds the lock for a run, as operations/keeper.py speaks to it.

    It reads who takes it, then beats; it says "taken", or "held" and by whom, then each beat. "log NUMBER TEXT" is a
    line of the run's journal: "kept NUMBER" once it is synced, "unkept NUMBER" if it can't be.
    """
    script = f"run={shlex.quote(run)}{_SCRIPT}"
    return f"exec bash -c {shlex.quote(script)}"
