"""Deliveries to Lambda get the retries and the on-failure destination of asynchronous invocation; schedules fire in
time."""
import json

from ministack.services import eventbridge, lambda_svc, scheduler, sns

_TICK_SECONDS = 1.0


def install():
    eventbridge._dispatch_to_lambda = _rule_to_lambda
    sns._deliver_to_lambda = _topic_to_lambda
    scheduler._SCHEDULE_TICK_INTERVAL = _TICK_SECONDS


def to_lambda(arn: str, event: dict) -> bool:
    """Invoke a function asynchronously; False when there is none."""
    function, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        return False
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)
    return True


def _rule_to_lambda(arn, payload):
    if not to_lambda(arn, json.loads(payload)):
        eventbridge.logger.warning("EventBridge: function %s not found", arn)


def _topic_to_lambda(endpoint, envelope, topic_arn, sub_arn, msg_id, raw_message, message_attributes):
    event = {"Records": [{"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns",
                          "Sns": json.loads(envelope)}]}
    if not to_lambda(endpoint, event):
        sns.logger.warning("SNS: function %s not found", endpoint)
