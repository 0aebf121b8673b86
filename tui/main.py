"""`hatui`: the console, and the verbs."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import NoReturn

from typing_extensions import override

from cluster.exits import USAGE
from cluster.layers import LAYERS
from cluster.outcome import Outcome
from tui import opening, plan, replay, rollout
from tui.act import Ask, act
from tui.status import status

OUTCOMES = (
    "Exit code: 0 DONE, 20 DONE_ELSEWHERE, 21 REFUSED (nothing was changed), 22 REVERTED, 23 DIRTY (half-way; what is "
    "left is told), 24 UNKNOWN (its end was not seen), 25 STOPPED (can be resumed), 26 it goes on and was not followed,"
    " 64 a wrong call, 78 the inventory can't be used."
)


class _Parser(argparse.ArgumentParser):
    """Ends with USAGE, where argparse's own 2 would be read as a cluster that failed."""

    @override
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole: argparse.ArgumentParser = _Parser(
        prog="hatui", description="The state of an OpenStack control plane's HA layers."
    )
    verbs = whole.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb = verbs.add_parser("console", help="the console; what `hatui` without a verb opens")
    _inventory(verb)
    opening.arguments(verb)
    _status(verbs)
    _plan(verbs)
    switchover = verbs.add_parser("switchover", help="move a service by hand, from where it is to where you say")
    services = switchover.add_subparsers(dest="service", required=True, metavar="SERVICE")
    for name, text, target in (
        ("vip", "the load balancers' VIP", "the balancer that is to own it"),
        ("writer", "the database's writer", "the node that is to take all sessions"),
        ("resource", "a resource of Pacemaker", "the controller that is to run it"),
    ):
        verb = _acting(services, name, f"move {text}")
        if name == "resource":
            verb.add_argument("name", metavar="NAME", help="the resource, such as controller-vip")
        verb.add_argument("--to", required=True, metavar="HOST", help=target)
    for name, text in (
        ("drain", "take a host out of service, across every layer that it carries"),
        ("undrain", "put a drained host back into service"),
    ):
        _acting(verbs, name, text).add_argument("host", metavar="HOST")
    verb = _acting(verbs, "restart", "restart a layer's service, one host at a time, each behind its gate")
    verb.add_argument("layer", choices=[layer.name for layer in LAYERS if layer.deployed and layer.verdict])
    rollout.arguments(_acting(verbs, "rollout", "bring in what the inventory changes: a canary, then host by host"))
    verb = _acting(verbs, "recover", "bring a cluster back after all of it was down, on the evidence of every host")
    verb.add_argument("layer", choices=[layer.name for layer in LAYERS if layer.recovery])
    verb.add_argument(
        "--force-from", default="", metavar="HOST", help="begin with this host against all doubt; typed once more"
    )
    rotate = verbs.add_parser("rotate", help="make new keys in the place of old ones, and lose nothing by it")
    keys = rotate.add_subparsers(dest="keys", required=True, metavar="KEYS")
    _acting(keys, "fernet", "rotate keystone's token keys: made on one controller, the same on all, tokens stay good")
    verb = _acting(verbs, "run", "carry out a runbook: one of hatui's, or a file of your own")
    verb.add_argument(
        "runbook", metavar="FILE", help="a path that ends with .py, or the name of one in engine/runbooks"
    )
    verb.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a parameter of the runbook")
    _history(verbs)
    _replay(verbs)
    return whole


def _inventory(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--inventory", type=Path, default=Path("inventory.py"), metavar="FILE", help="default: inventory.py"
    )


def _status(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = verbs.add_parser(
        "status",
        help="ask every host once and say what is so",
        description="Ask every host once, side by side, and say what is so.",
        epilog="Exit code: 0 all OK, 1 a warning, 2 a failure, 3 something is unknown or could not be asked; "
        "64 a wrong call, 78 the inventory can't be used.",
    )
    _inventory(verb)
    verb.add_argument("--watch", action="store_true", help="go on: each change as it is seen, until Ctrl-C")
    verb.add_argument(
        "--every", type=_seconds, default=1.0, metavar="SECONDS", help="with --watch: between snapshots; default: 1"
    )
    verb.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="how long a host is waited for, besides what this machine itself is late; default: 4",
    )
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one line, every record in it")
    form.add_argument("--plain", dest="form", action="store_const", const="plain", help="lines with tabs, no colour")
    verb.set_defaults(form="table")


def _plan(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = verbs.add_parser(
        "plan",
        help="what a rollout would change, on which host and in which stages",
        description="What a rollout would change, on which host and in which stages. Nothing is changed by it.",
        epilog="Exit code: 0 nothing would change, 10 something would, 3 it could not be told; "
        "64 a wrong call, 78 the inventory can't be used.",
    )
    _inventory(verb)
    plan.arguments(verb)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 60:
        raise argparse.ArgumentTypeError("it must be from 0.1 to 60 seconds")
    return value


def _acting(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser], name: str, text: str
) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=OUTCOMES)
    _inventory(verb)
    verb.add_argument(
        "--reason", default="", metavar="TEXT", help="why, for the journal and for who is refused meanwhile"
    )
    verb.add_argument("--yes", action="store_true", help="agree to the plan beforehand")
    verb.add_argument("--dry-run", action="store_true", help="show the plan with its prechecks as they are now")
    return verb


def _history(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = verbs.add_parser("history", help="what was done, by whom, why, and how it ended")
    _inventory(verb)
    verb.add_argument("show", nargs="*", metavar="show ID", help="one run, with each of its steps")
    verb.add_argument("--follow", action="store_true", help="with show: until the run ends, with its exit code")
    verb.add_argument("--json", action="store_true", help="a line of JSON a run, or an event")
    verb.add_argument("-n", type=int, default=20, metavar="COUNT", help="how many runs, the newest first; default: 20")


def _replay(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    verb = verbs.add_parser(
        "replay",
        help="what was recorded while the console was open",
        description="What was recorded while the console was open, as a file to hand over (docs/recording.md).",
        epilog="Exit code: 0, or 66 if there is no such recording, or it can't be written; "
        "64 a wrong call, 78 the inventory can't be used.",
    )
    _inventory(verb)
    replay.arguments(verb)


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; its exit code."""
    whole = parser()
    given = sys.argv[1:] if arguments is None else arguments
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help")):
        given = ["console", *given]
    options = whole.parse_args(given)
    if options.verb == "console":
        return opening.console(options.inventory, read_only=options.read_only, light=options.light)
    if options.verb == "status":
        if options.watch:
            from tui.watch import watch

            return watch(options.inventory, options.form, options.every)
        return status(options.inventory, options.form, options.timeout)
    if options.verb == "history":
        return _past(whole, options)
    if options.verb == "replay":
        return replay.replay(options)
    if options.verb == "plan":
        return plan.plan(options.inventory, options.layer, options.form)
    if options.verb == "rollout":
        return _rollout(options)
    runbook, parameters = _asked(whole, options)
    return act(Ask(options.inventory, runbook, parameters, options.reason, options.yes, options.dry_run))


def _rollout(options: argparse.Namespace) -> int:
    from engine.inventory import use

    cluster = use(options.inventory)
    try:
        if options.pause or options.resume:
            # It may have been begun on another machine.
            from engine.team import gather

            if said := str(gather(cluster)):
                print(said, file=sys.stderr)
        if options.pause:
            return rollout.pause(cluster.name)
        runbook, parameters, reason = rollout.asked(options, cluster.name)
    except rollout.NotOpen as error:
        print(error, file=sys.stderr)
        return Outcome.REFUSED.exit_code
    return act(Ask(options.inventory, runbook, parameters, reason, options.yes, options.dry_run))


def _asked(whole: argparse.ArgumentParser, options: argparse.Namespace) -> tuple[str, dict[str, str]]:
    """The runbook that a verb stands for, and its parameters."""
    if options.verb == "switchover":
        named = {"name": options.name} if options.service == "resource" else {}
        return f"switchover_{options.service}", {**named, "to": options.to}
    if options.verb in ("drain", "undrain"):
        return options.verb, {"host": options.host}
    if options.verb == "recover":
        return f"recover_{options.layer}", {"force_from": options.force_from} if options.force_from else {}
    if options.verb == "restart":
        return "restart", {"layer": options.layer}
    if options.verb == "rotate":
        return f"rotate_{options.keys}", {}
    if wrong := [pair for pair in options.set if "=" not in pair]:
        whole.error(f"--set {wrong[0]}: it must be KEY=VALUE.")
    return options.runbook, dict(pair.split("=", 1) for pair in options.set)


def _past(whole: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    from engine.inventory import use
    from tui.history import history, show

    if options.show and (len(options.show) != 2 or options.show[0] != "show"):
        whole.error("history takes nothing, or: show ID")
    cluster = use(options.inventory)
    if options.show:
        return show(cluster, options.show[1], go_on=options.follow, as_json=options.json)
    return history(cluster, options.n, as_json=options.json)


def program() -> int:
    """The command as a process of its own: whoever reads what it prints may stop reading (`hatui status | head`)."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    return main()


if __name__ == "__main__":
    sys.exit(program())
