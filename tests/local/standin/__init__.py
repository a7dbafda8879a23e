"""AWS on one machine: ministack, a SageMaker of our own, and an interpreter for JSONata state machines.

    from standin import Standin
    with Standin("template.yaml", bin_dir="target/debug", images={"bike-demand": "examples/bike-demand"}) as aws:
        aws.client("s3").put_object(...)

`python -m standin up` does the same from a shell. See tests/local/README.md.
"""
from .client import Standin

__all__ = ["Standin"]
