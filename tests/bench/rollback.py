"""How long a bad model keeps the traffic: from an alarm's event to Pawl's UpdateEndpoint, on the stand-in.

A config is watched on an endpoint of its own; its alarm's event is handed to the warm function, and the time ends when
UpdateEndpoint arrives. Then the stage is set again. PAWL_BIN_DIR names another build than target/debug.
Usage: scripts/bench rollback [RUNS]
"""
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "local"), str(ROOT / "tests" / "e2e")]

from conftest import SMALL  # noqa: E402
from disturb import undisturbed  # noqa: E402
from played import Stage, alarm, rewrite, status, watched  # noqa: E402

from loop import Loop  # noqa: E402
from loop.loop import merged  # noqa: E402

WARM = 3


def rollback(loop, config, watching):
    """Milliseconds from the event to the call, the stage set before."""
    if loop.serving() != config:
        loop.sagemaker.update_endpoint(EndpointName=loop.model, EndpointConfigName=config)
        loop.aws.wait_until(lambda: status(loop) == "InService", what="the bad config to serve again")
        time.sleep(0.3)  # the events of that change are handled
    rewrite(loop, lambda release: release.update(watching))
    begun = time.time()
    undisturbed(loop, loop.aws.resources["RollbackHandler"], alarm(loop, f"pawl-{config}-errors", begun, config=config))
    arrived = [call["at"] for call in loop.aws.calls() if call["operation"] == "UpdateEndpoint" and call["at"] > begun]
    loop.aws.wait_until(lambda: status(loop) == "InService", what="the rollback")
    return 1000 * (arrived[0] - begun)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    with Loop() as standin:
        standin.listen()
        stage = Stage(lambda model, changes=None: standin.beside(model, merged(SMALL, changes or {})))
        loop = watched(stage, "bad")
        watching = loop.release()
        config = watching["current"]["config"]
        times = [rollback(loop, config, watching) for _ in range(WARM + runs)][WARM:]
    print(f"from the alarm's event to UpdateEndpoint, ms over {runs} rollbacks: median {statistics.median(times):.0f}, "
          f"p95 {statistics.quantiles(times, n=20)[18]:.0f}, least {min(times):.0f}, most {max(times):.0f}")


if __name__ == "__main__":
    main()
