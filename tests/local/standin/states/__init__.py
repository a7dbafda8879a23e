"""An interpreter for JSONata state machines. ministack keeps the executions; this walks them."""
