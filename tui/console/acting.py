"""What may be done from the console: by the same plans as the verbs, never from a stale view, never while locked."""

from __future__ import annotations

from cluster.layers import BY_NAME, DEPLOYED, LAYERS
from cluster.wire.runs import Proposal
from engine.known_runs import Run, ask_to_stop
from engine.rollouts import ABORT, ROLLOUT, find
from tui.act import Ask, command
from tui.console.actions import Risk
from tui.console.dialogs import Asked, Choice, Question
from tui.console.lines import Line, fitted, span
from tui.console.looking import Looking
from tui.console.order import Command, Order
from tui.console.planned import Planned
from tui.console.unlock import LASTS
from tui.console.views.plan import candidates
from tui.rollout import kept

_SERVICES = {
    "vip": "the load balancers' VIP, from one balancer to another",
    "writer": "the database's writer, from one node to another",
    "resource": "a resource of Pacemaker, from one controller to another",
}
_OF_LAYER = {"keepalived": "vip", "galera": "writer", "pacemaker": "resource"}
"""What is most likely to be moved where the cursor is."""


class Acting(Looking):
    """The part of the console that changes something."""

    command: Command = staticmethod(command)

    def why_not(self) -> str:
        """Why nothing may be done now, as a sentence; empty if it may."""
        if self.lock.never:
            return "This console only looks."
        if not self.lock.left(self.now()):
            return "The console is locked: U unlocks it."
        return self.known.stale(self.now())

    def _begin(self, flow: object) -> None:
        """Begin to ask, if anything may be done."""
        if len(self.screen_stack) > 1:
            flow.close()  # type: ignore[attr-defined]
        elif reason := self.why_not():
            flow.close()  # type: ignore[attr-defined]
            self.notify(reason, severity="warning", markup=False)
        else:
            self.run_worker(flow, group="act", exclusive=True)  # type: ignore[arg-type]

    async def _planned(self, runbook: str, parameters: dict[str, str], risk: Risk, reason: str = "") -> None:
        ask = Ask(self.inventory, runbook, parameters, reason)
        if run := await self.push_screen_wait(Planned(self.command, ask, risk, self.why_not)):
            self.open_run(run)

    async def _candidate(self, title: str, runbook: str, parameters: dict[str, str]) -> str | None:
        """One of those that the engine names, with its reasons against the others."""
        dialog = Choice(title, "enter: plan it   esc: cancel")
        order = Order(self.command, Ask(self.inventory, runbook, parameters, dry_run=True))

        async def look() -> None:
            told: Proposal | None = None
            async for message in order.messages():
                told = message if isinstance(message, Proposal) else told
            order.leave()
            if told is None:
                dialog.offer([], order.silence())
            else:
                found = candidates(told)
                dialog.offer(found, "" if found else told.refused, self._place()[1])

        worker = self.run_worker(look(), group="look", exclusive=True)
        chosen = await self.push_screen_wait(dialog)
        worker.cancel()
        order.leave()
        return chosen

    async def _one_of(self, title: str, things: dict[str, str], prefer: str) -> str | None:
        dialog = Choice(title, "enter: go on   esc: cancel")
        lines = [
            Line((("  ", ""), fitted(span(name, "strong"), 11), span(words)), name, host=name)
            for name, words in things.items()
        ]
        # Before it is shown: a key that comes at once finds what it is for.
        dialog.offer(lines, "", prefer)
        return await self.push_screen_wait(dialog)

    def _place(self) -> tuple[str, str]:
        return self.view.place() if self.view else ("", "")

    def action_switchover(self) -> None:
        """Move a service."""
        self._begin(self._switchover(self._place()[0]))

    async def _switchover(self, layer: str) -> None:
        service = await self._one_of("Switch over: what?", _SERVICES, _OF_LAYER.get(layer, ""))
        if not service:
            return
        parameters = {}
        if service == "resource":
            name = await self._candidate("Switch over: which resource?", "switchover_resource", {"name": "", "to": ""})
            if not name:
                return
            parameters["name"] = name
        title = f"Switch over: {parameters.get('name', f'the {service}')}, to where?"
        if to := await self._candidate(title, f"switchover_{service}", {**parameters, "to": ""}):
            await self._planned(f"switchover_{service}", {**parameters, "to": to}, Risk.TRAFFIC)

    def action_drain(self) -> None:
        """Take a host out."""
        self._begin(self._host("Drain: which host?", "drain", Risk.TRAFFIC))

    def action_undrain(self) -> None:
        """Put it back."""
        self._begin(self._host("Put back into service: which host?", "undrain", Risk.GUARDED))

    async def _host(self, title: str, runbook: str, risk: Risk) -> None:
        if host := await self._candidate(title, runbook, {"host": ""}):
            await self._planned(runbook, {"host": host}, risk)

    def action_restart(self) -> None:
        """Restart a layer."""
        self._begin(self._restart())

    async def _restart(self) -> None:
        if layer := await self._candidate("Restart, host by host: which layer?", "restart", {"layer": ""}):
            await self._planned("restart", {"layer": layer}, Risk.TRAFFIC)

    def action_recover(self) -> None:
        """Bring a cluster back."""
        self._begin(self._recover(self._place()[0]))

    async def _recover(self, layer: str) -> None:
        things = {one.name: one.recovery for one in LAYERS if one.recovery}
        if found := await self._one_of("Recover: which cluster?", things, layer):
            await self._planned(f"recover_{found}", {}, Risk.TRAFFIC)

    def action_rollout(self) -> None:
        """Roll out."""
        self._begin(self._rollout())

    async def _rollout(self) -> None:
        seen = {layer.layer for layer in self.known.snapshot.layers} if self.known.snapshot else set()
        # What the inventory has not is not judged, and there is nothing of it to roll out.
        names = [name for name in DEPLOYED if name in seen or not BY_NAME[name].verdict]
        fields = {
            "layer": (f"layer: {', '.join(names)}; empty: all", ""),
            "canary": ("canary: the host that goes first; empty: one that carries no traffic", ""),
            "soak": ("soak: seconds that the cluster must bear the canary", "60"),
            "pause_after": ("pause after: canary, a layer, or a stage such as galera/mysql2; empty: don't", ""),
        }
        if (given := await self.push_screen_wait(Asked("Roll out what the inventory changes", fields))) is not None:
            await self._planned(ROLLOUT, given, Risk.TRAFFIC)

    def action_pause(self) -> None:
        """Stop the rollout that runs, after its step."""
        running = self.running
        if running is None or running.begin.runbook != ROLLOUT:
            self.notify("No rollout of this machine runs.", markup=False)
        else:
            self._begin(self._pause(running))

    async def _pause(self, running: Run) -> None:
        text = f"It ends the step that it is in ({running.last_step}), and stops. r goes on with it then, a ends it."
        agreed = await self.push_screen_wait(Question(f"Pause: {running.begin.title}?", text, "Pause"))
        if agreed and (why_not := ask_to_stop(running)):
            self.notify(why_not, markup=False)

    def action_resume(self) -> None:
        """Go on with a rollout that stopped."""
        former = find(self.runs)
        if former is None:
            self.notify("There is no rollout that stopped: o rolls out.", markup=False)
        else:
            self._begin(self._planned(ROLLOUT, kept(former), Risk.TRAFFIC, former.why))

    def action_abort(self) -> None:
        """End a rollout that stopped."""
        if find(self.runs) is None:
            self.notify("There is no rollout that stopped.", markup=False)
        else:
            self._begin(self._planned(ABORT, {}, Risk.GUARDED))

    def action_unlock(self) -> None:
        """Allow changes for a while."""
        if len(self.screen_stack) == 1:
            self.run_worker(self._unlock(), group="act", exclusive=True)

    async def _unlock(self) -> None:
        text = (
            f"From then on, for {LASTS / 60:.0f} minutes, this console can change the cluster. Every change shows its "
            "plan first."
        )
        if await self.push_screen_wait(Question("Unlock this console?", text, "Unlock")):
            self.lock.unlock(self.now())
            self._tell()

    def action_lock(self) -> None:
        """Only look from now on."""
        self.lock.lock()
        self._tell()

    def _tell(self) -> None:
        """The header says at once whether anything may be done."""
        if self.view:
            self.view.refresh_bars()
