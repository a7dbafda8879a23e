"""docs/first-account.md, from the steps."""
from .step import STEPS

HEAD = """\
# The first account

All tests of this project run on a [stand-in](../tests/local/README.md) of AWS. This page is for the platform engineer who takes Pawl
into an account for the first time: what only an account can prove, step by step, each with its commands, what must be seen, and what
that proves. Do it in a sandbox account. The first part settles most of it in half an hour; the second is an hour more, nearly all of
it waiting. A program does both parts by itself and writes down what it saw:

```
./scripts/first-account --stack pawl --image $IMAGE --part 1
```

It prints `PASS`, `FAIL` or `UNSEEN` for each thing, with what was seen, and leaves `target/first-account/report.json`. Whoever finds
something else than this page expects has found a fault of Pawl or of the stand-in: send the report with it.

<!-- Written by `scripts/first-account --page > docs/first-account.md` from tests/account/. Change it there. -->

## Before

1. A stack: `./scripts/deploy dev`, with `NotifyEmail` set in `samconfig.toml` to a mailbox that you read, and its subscription confirmed.
2. The example's image in the registry of the account, as the [README](../README.md#use-it-on-aws) says.
3. `./scripts/build --release` for the command `pawl`, and credentials that may administer the sandbox.

| | |
|---|---|
| cost | {cost} |
| what it touches | the model `sandbox` (`--model`) of this stack, in its two buckets, in SageMaker and CloudWatch. The script refuses a name that is taken, and takes down all that it made; `--keep` leaves it |
| one step alone | `--only NAME`, for a model that `--keep` has left, or for steps that need none |
| another network, key or instance type | `--changes FILE`: YAML that is laid over the `pipeline.yaml` that it puts |

By hand, in a shell:

```
export AWS_REGION=eu-central-1 STACK=pawl MODEL=sandbox
export IMAGE=<account>.dkr.ecr.$AWS_REGION.amazonaws.com/bike-demand:1
./scripts/first-account --stack $STACK --image $IMAGE --model $MODEL --files   # writes what is put below; touches nothing
cd target/first-account && export PATH=$PATH:$OLDPWD/target/release
output() {{ aws cloudformation describe-stacks --stack-name $STACK --query "Stacks[0].Outputs[?OutputKey=='$1'].OutputValue" --output text; }}
resources() {{ aws cloudformation list-stack-resources --stack-name $STACK \\
  --query "StackResourceSummaries[?ResourceType=='$1'].PhysicalResourceId" --output text; }}
resource() {{ aws cloudformation list-stack-resources --stack-name $STACK \\
  --query "StackResourceSummaries[?LogicalResourceId=='$1'].PhysicalResourceId" --output text; }}
export PAWL_BUCKET=$(output PawlBucket) DATA_BUCKET=$(output DataBucket) RETRAINING=$(output Retraining)
export ACCOUNT=$(aws sts get-caller-identity --query Account --output text)
```

## The steps

| | step | name | minutes |
|---|---|---|---|
"""

COST = ("about two dollars for both parts at ml.m5.large: 3 trainings and 5 transforms of a few minutes, an endpoint of 2 to 5 "
        "instances for an hour and a half. An endpoint that is forgotten costs about eight dollars a day")

PARTS = {
    1: "## Part 1: half an hour\n\nWhat takes none of the model's time is done while the model is trained; "
       "the minutes are those that a step adds.",
    2: "## Part 2: an hour more\n\nIt goes on with the model of part 1: run part 1 with `--keep`, then `--part 2`; or leave `--part` "
       "out and have both.",
}

TAIL = """
## What no script shows

- **Order and number of events.** They may repeat, overtake and get lost on AWS, and no command makes them. Watch `ledger/_unrouted/` and
  the dead-letter queue in the first weeks.
- **Throttling.** Its names in a state machine's history (see [above](#{error_names})), and whether the retriers outlast it: after the
  first day with many models, look for `TaskFailed` in the histories.
- **Scale.** A batch of thousands of objects against the account's own concurrency; a fleet under its real load; autoscaling, which
  the stand-in only keeps: put `serve.autoscaling` with `--changes` and look at the endpoint's instances.
- **Time.** Spot interruptions, long queues for instances, archives of many gigabytes, a transform's retries.
- **An endpoint after a failed update.** Pawl makes a failed endpoint anew; how far SageMaker lets it be deleted meanwhile depends on the cause.
- **Serverless and asynchronous endpoints, shadow variants.** Which metrics they publish, with which dimensions: put such a `serve.kind`
  or trial with `--changes`, and do step [{dimensions_title}](#{dimensions}) again.
- **Further regions.** Rights across regions, ECR's replication, and how late SageMaker takes a package's `ClientToken` for the same
  package.
"""


def anchor(heading):
    return "".join(one for one in heading.lower().replace(" ", "-") if one.isalnum() or one in "-_")


def headings():
    """{name of a step: its heading}."""
    return {one.name: f"{number}. {one.title}" for number, one in enumerate(STEPS, 1)}


def page():
    told, lines = headings(), []
    for number, one in enumerate(STEPS, 1):
        lines.append(f"| {number} | [{one.title}](#{anchor(told[one.name])}) | `{one.name}` | {one.minutes} |")
    text = HEAD.format(cost=COST) + "\n".join(lines) + "\n"
    part = None
    for one in STEPS:
        if one.part != part:
            part = one.part
            text += f"\n{PARTS[part]}\n"
        text += f"\n### {told[one.name]}\n\n```\n{one.commands.strip()}\n```\n\n"
        text += f"**See:** {one.see.strip()}\n\n**Proves:** {one.proves.strip()}\n"
    dimensions = told["dimensions"]
    return text + TAIL.format(error_names=anchor(told["error-names"]), dimensions=anchor(dimensions), dimensions_title=dimensions)
