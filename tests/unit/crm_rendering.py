"""CIBs as crm_mon(8) and cibadmin(8) of a machine tell of them, in the envelope that the fact reads; and judged."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from cluster.assess import assess
from cluster.pacemaker.gates import may_stand_by
from cluster.pacemaker.record import CONTROLLERS_VIP, CRM_MON, CrmStatus
from cluster.steady import gates
from cluster.vip import VipNode
from facts.pacemaker import pacemaker_command, parse_crm_mon
from tests.unit.cib_cases import CASES, Case
from tests.unit.cibs import text
from tests.unit.test_health import CONTROLLER_VIP, CONTROLLERS, SPEC
from tests.unit.test_rest import REST

RENDERED = Path(__file__).parent / "fixtures" / "cibs"
SERVICES = (
    "Id=pacemaker.service\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNeedDaemonReload=no\n"
    "\nAsked=0\n"
)
_MARK = "=== end of a CIB ==="
_PASSING = re.compile(r"^ *<(last_update|last_change|pacemakerd) .*/>\n", re.MULTILINE)


def file_of(case: Case) -> Path:
    """Where the rendering of a case is kept."""
    return RENDERED / f"{re.sub('[^a-z0-9]+', '-', case.name.lower()).strip('-')}.txt"


def render(cases: Iterable[Case], shell: Callable[[str], str]) -> list[str]:
    """The answer to the fact's question for each case, asked in one go of `shell`: the output of a command."""
    asked = pacemaker_command().partition("; echo; echo Services=")[0]
    parts = [f"cat >$d/x <<'CIB'\n{text(case.cib)}\nCIB\n{asked}\necho\necho '{_MARK}'\n" for case in cases]
    script = f"d=$(mktemp -d); export CIB_file=$d/x\n{''.join(parts)}rm -r $d\n"
    packed = base64.b64encode(gzip.compress(script.encode(), mtime=0)).decode()
    said = shell(f"echo {packed} | base64 -d | gunzip | sh").split(f"\n{_MARK}\n")
    return [f"{_PASSING.sub('', answer)}\nServices=\n{SERVICES}" for answer in said[:-1]]


def kept() -> list[str]:
    """The renderings that are kept with the tests, in the order of the cases."""
    return [file_of(case).read_text() for case in CASES]


def amiss(case: Case, answer: str) -> list[str]:
    """How the verdict of an answer differs from the table."""
    status = parse_crm_mon(answer)
    if not isinstance(status, CrmStatus):
        return [f"it can't be read: {status.reason}"]
    if status.unread:
        return [f"not read: {status.unread}"]
    vips = {name: VipNode({CONTROLLER_VIP: "host0"} if name == case.vip else {}) for name in CONTROLLERS}
    state = REST.having({CRM_MON: dict.fromkeys(CONTROLLERS, status), CONTROLLERS_VIP: vips})
    layer = next(one for one in assess(SPEC, state) if one.layer == "pacemaker")
    said = "; ".join(finding.reason for finding in layer.findings)
    (rest,) = (gate for gate in gates(SPEC, state) if gate.name == "resources")
    against = may_stand_by(state[CRM_MON], "cc03")
    found = [f"{layer.verdict}, not {case.verdict}: {said}"] if layer.verdict is not case.verdict else []
    found += [f"lacks {words!r}: {said}" for words in case.says if words not in said]
    found += [f"has {words!r}: {said}" for words in case.lacks if words in said]
    found += [f"the gate is {rest.now}"] if rest.open is not case.rest else []
    found += [f"draining cc03: {against}"] if (against is None) is not case.drain else []
    return found
