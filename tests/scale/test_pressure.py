"""What a stack meets when its account is short of concurrency, and when somebody empties its bucket."""
from conftest import closed
from loop.loop import BUCKET
from loop.traffic import Traffic
from played import ROWS
from runs import arrive, ended, handled, month, serves

MONTHS = [f"2011-{number:02}" for number in range(1, 7)]


def test_a_run_gets_through_where_few_invocations_run_at_once(slow):
    slow.aws.switch(account_concurrency=3)  # one of them is kept for the rollback handler
    loop = slow.beside("narrow", {"settle": {"marker": "_SUCCESS"}})
    loop.put_pipeline()
    for name in MONTHS:
        loop.put_month(name, month(name))
    loop.put_object("narrow/_SUCCESS", b"")
    with Traffic(loop.aws, loop.model, ROWS):
        closed(loop, 1)
        ended(loop, 1, "promoted")
    serves(loop, 1)
    assert len(loop.evidence(1, "validation.json")) == len(MONTHS)
    assert loop.waiting() == [] and loop.dead_letters() == 0
    assert set(handled(loop)) == {1}, "every object's event waited for its turn"


def emptied(loop):
    """Delete every version of every object of the bucket, as a person does who starts afresh."""
    for page in loop.s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
        found = [{"Key": one["Key"], "VersionId": one["VersionId"]}
                 for kind in ("Versions", "DeleteMarkers") for one in page.get(kind, [])]
        if found:
            loop.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": found})


def test_a_bucket_emptied_under_a_standing_stack_starts_anew(slow):
    loop = slow.beside("afresh", {"settle": {"quiet": "1s"}})
    loop.put_pipeline()
    arrive(loop, "2011-01", "2011-02")
    with Traffic(loop.aws, loop.model, ROWS):
        ended(loop, 1, "promoted")
    before = loop.executions()
    emptied(loop)
    assert loop.keys("ledger/") == []

    loop.put_pipeline()
    arrive(loop, "2011-03", "2011-04")
    # Step Functions remembers the names of executions for 90 days: the run takes the next number. The endpoint still serves a config
    # that the record has forgotten, so a person says whether it may be replaced.
    serving = loop.serving()
    ended(loop, 2, "held", "nothing to fall back to.*pawl force")
    assert loop.serving() == serving
    assert loop.executions() == sorted([*before, "afresh-2"])
