//! The loop that every function runs.

use std::future::Future;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use pawl_base::fault::Fault;

fn diagnostic(fault: Fault) -> Diagnostic {
    Diagnostic { error_type: fault.name().to_owned(), error_message: fault.to_string() }
}

/// Polls for invocations and answers each with the handler's value or its fault. Returns only when the
/// runtime ends.
///
/// The runtime logs a fault once, so handlers do not.
pub async fn serve<In, Out, H, F>(handler: H) -> Result<(), lambda_runtime::Error>
where
    In: DeserializeOwned,
    Out: Serialize,
    H: Fn(In) -> F,
    F: Future<Output = Result<Out, Fault>>,
{
    // JSON lines without a time: CloudWatch adds its own.
    tracing_subscriber::fmt().json().without_time().with_target(false).init();
    lambda_runtime::run(service_fn(|event: LambdaEvent<In>| {
        // Boxed: the compiler lays a handler's future out by itself, not within the runtime's, which would
        // nest too deep.
        let answer = Box::pin(handler(event.payload));
        async { answer.await.map_err(diagnostic) }
    }))
    .await
}
