"""What crm_simulate says that Pacemaker would do (crm_simulate(8), `--output-as=xml`)."""

from __future__ import annotations

from cluster.pacemaker.simulated import Action
from facts.crm_mon import word
from facts.xml import parsed


def parse_simulated(text: str) -> tuple[Action, ...]:
    """The actions, such as `<rsc_action action="start" resource="hatui-keystone" node="cc01"/>`.

    ValueError for what is no such answer, and where the scheduler found errors in the configuration.
    """
    root = parsed(text)
    status, actions = root.find("status"), root.find("actions")
    if actions is None or status is None or word(status, "code") != "0":
        raise ValueError(f"crm_simulate says: {word(status, 'message', 200) or 'nothing that could be read'}")
    found = []
    for one in actions:
        what = word(one, "action") or word(one, "task")
        node = word(one, "dest") or word(one, "node")
        found.append(Action(what.lower() or one.tag, word(one, "resource", 200), node, word(one, "source")))
    return tuple(found)
