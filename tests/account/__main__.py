"""What only an AWS account can prove, done step by step and told with what was seen. See docs/first-account.md."""
import argparse
import datetime
import json
import os
import shutil
import sys
from pathlib import Path

from . import steps  # noqa: F401
from .page import COST, page
from .step import STEPS, NotSeen, Seen

ROOT = Path(__file__).resolve().parents[2]
GOOD, FAILED, COULD_NOT = 0, 1, 2


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/first-account", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"steps: {', '.join(one.name for one in STEPS)}\n\ncost: {COST}.\n\n"
               "exit codes: 0 nothing failed, 1 something did, 2 could not run\n\n"
               "example:\n  ./scripts/first-account --stack pawl --image 123456789012.dkr.ecr.eu-central-1.amazonaws.com/bike-demand:1")
    parser.add_argument("--page", action="store_true", help="print docs/first-account.md, and do nothing else")
    parser.add_argument("--files", action="store_true", help="write what the steps put into --out, for who follows by hand; touches nothing")
    parser.add_argument("--stack", metavar="NAME", help="the stack")
    parser.add_argument("--image", metavar="URI", help="the image of examples/bike-demand in the account's registry")
    parser.add_argument("--model", metavar="NAME", default="sandbox", help="the model that is made and taken down (default: %(default)s)")
    parser.add_argument("--part", type=int, choices=(1, 2), help="1: half an hour; 2: an hour more, after part 1 with --keep; default both")
    parser.add_argument("--only", metavar="STEP", action="append", choices=[one.name for one in STEPS], help="this step only; may be repeated")
    parser.add_argument("--keep", action="store_true", help="take nothing down; the endpoint goes on costing")
    parser.add_argument("--changes", type=Path, metavar="FILE", help="YAML to lay over the pipeline.yaml that is put: network, key, instance types")
    parser.add_argument("--out", type=Path, metavar="DIR", default=ROOT / "target" / "first-account", help="where files and report go (default: %(default)s)")
    parser.add_argument("--pawl", metavar="FILE", help="the command (default: target/release/pawl, target/debug/pawl, or on the PATH)")
    parser.add_argument("--yes", action="store_true", help="do not ask before anything is made in an account")
    given = parser.parse_args()
    if not given.page and not given.stack:
        parser.error("--stack is needed: the name of the stack")
    return given


def command(given):
    """The command `pawl`."""
    places = [given.pawl] if given.pawl else [ROOT / "target" / "release" / "pawl", ROOT / "target" / "debug" / "pawl"]
    found = next((str(place) for place in places if Path(place).is_file()), None if given.pawl else shutil.which("pawl"))
    if found is None:
        raise NotSeen("there is no command pawl: ./scripts/build --release makes it")
    return found


def chosen(given):
    """The steps to do, in their order."""
    if given.only:
        return [one for one in STEPS if one.name in given.only]
    return [one for one in STEPS if given.part in (None, one.part) or one.name == "tear-down"]


def look_first(world, given, wanted):
    """Refuse what would touch a model that these steps have not made."""
    if given.files or all(one.alone for one in wanted):
        return
    if any(one.name == "first-month" for one in wanted):
        if not world.image:
            raise NotSeen("--image is needed: the image of examples/bike-demand in the account's registry")
        if found := list(world.traces()):
            raise NotSeen(f"the name {world.model} is taken: there is {', '.join(found)}. Choose another --model")
    elif not world.is_ours():
        raise NotSeen(f"these steps have put no model {world.model}: begin with part 1 and --keep")


def agree(world, given):
    """Say where and what it costs, and ask a person."""
    identity = world.client("sts").get_caller_identity()
    print(f"stack {world.stack} in {world.region}, account {identity['Account']}, as {identity['Arn']}; model {world.model}")
    if world.local:
        print(f"against {world.url}: a stand-in. What is seen here says nothing about AWS.")
        return True
    print(f"cost: {COST}.")
    return given.yes or (sys.stdin.isatty() and input("Go on? [y/N] ").strip().lower() in ("y", "yes"))


def play(world, wanted, keep):
    """Do the steps; their reports. What was made is taken down, whatever happens."""
    done, stopped = [], set()
    rest = [one for one in wanted if one.name != "tear-down"]
    try:
        for one in rest:
            if waits_for := next((name for name in one.after if name in stopped), None):
                seen = Seen(one)
                seen.unseen("not begun", f"the step {waits_for} was not finished")
                seen.stopped = True
            else:
                seen = perform(one, world)
            if seen.stopped:
                stopped.add(one.name)
            done.append(seen.report())
    finally:
        world.quiet()
        teardown = next((one for one in wanted if one.name == "tear-down"), None)
        made = any(one.name == "first-month" for one in rest) or not rest or world.is_ours()
        if teardown and made and not keep:
            done.append(perform(teardown, world).report())
    return done


def perform(one, world):
    """One step: what it saw, whatever it met."""
    from botocore.exceptions import BotoCoreError, ClientError
    print(f"\n{one.name}: {one.title} (about {one.minutes} min on AWS)", flush=True)
    seen = Seen(one, tell=lambda line: print(line, flush=True))
    try:
        one.run(world, seen)
    except NotSeen as error:
        seen.stop(str(error))
    except ClientError as error:
        refused = error.response["Error"]
        seen.stop(f"{error.operation_name}: {refused['Code']}: {refused.get('Message', '')}")
    except (BotoCoreError, KeyError, IndexError, TypeError, ValueError) as error:
        seen.stop(f"{type(error).__name__}: {error}")
    print(f"  {seen.status}", flush=True)
    return seen


def told(world, done):
    """The report, and where it lies."""
    statuses = [one["status"] for one in done]
    report = {
        "schema_version": 1, "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "stack": world.stack,
        "region": world.region, "model": world.model, "stand_in": world.local,
        "verdict": "FAIL" if "FAIL" in statuses else "PASS", "steps": done,
    }
    world.out.mkdir(parents=True, exist_ok=True)
    file = world.out / "report.json"
    file.write_text(json.dumps(report, indent=1, default=str) + "\n", encoding="utf-8")
    counts = ", ".join(f"{statuses.count(status)} {status}" for status in ("PASS", "FAIL", "UNSEEN"))
    print(f"\n{counts}. What was seen lies in {file}")
    if world.is_ours():
        print(f"The model {world.model} is still there, and its endpoint costs: --only tear-down takes it down.")
    return FAILED if "FAIL" in statuses else GOOD


def main():
    given = arguments()
    if given.page:
        sys.stdout.write(page())
        return GOOD
    from .world import World
    try:
        changes = None
        if given.changes:
            import yaml
            changes = yaml.safe_load(given.changes.read_text(encoding="utf-8"))
        world = World(given.stack, given.model, given.image, given.out, command(given), changes)
        if not world.region:
            raise NotSeen("no region: set AWS_REGION")
        os.environ.setdefault("AWS_REGION", world.region)
        world.look_up()
        if given.files:
            from . import material
            material.write(world)
            print(f"Written to {world.out}")
            return GOOD
        wanted = chosen(given)
        look_first(world, given, wanted)
        if not agree(world, given):
            print("Nothing was done.")
            return COULD_NOT
    except (NotSeen, OSError) as error:
        print(f"first-account: {error}", file=sys.stderr)
        return COULD_NOT
    try:
        return told(world, play(world, wanted, given.keep))
    except KeyboardInterrupt:
        print("first-account: interrupted; what was made has been taken down, unless --keep was given", file=sys.stderr)
        return COULD_NOT


if __name__ == "__main__":
    sys.exit(main())
