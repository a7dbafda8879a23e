"""Rights: whoever calls is judged by the policies of its role, of the resource and of what it hands on, as IAM judges.

ministack keeps roles and policies, checks signatures, and evaluates statements. What it lets pass for want of a rule is
refused here: an action without a name, a resource that cannot be told, a condition that it does not know.

`guard` stands before every service; `demands` says what a request needs and `judge` whether the caller has it; `deliveries` and
`machines` do so for what happens within this process; `sessions` gives roles to those that act; `audit` reads a stack's policies
before anything runs; `used` keeps what was needed and what was refused.
"""


def install(service, state_dir):
    """`service` is SageMaker, which keeps the tags of its resources."""
    from . import deliveries, guard, judge, machines, used

    judge.know_tags_of(service)
    used.keep_in(state_dir)
    guard.install()
    deliveries.install()
    machines.install()
