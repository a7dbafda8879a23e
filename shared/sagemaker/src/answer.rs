//! What an answer of a service means for the step.

use aws_sdk_sagemaker::config::http::HttpResponse;
use aws_sdk_sagemaker::error::{ProvideErrorMetadata, SdkError};
use pawl::fault::Fault;
use pawl_aws::fault;
use serde::Serialize;

/// What SageMaker says of what is not there, or no longer.
pub(crate) const GONE: &str = "Could not find";

/// So many characters of a request say what it is about.
const NAMED: usize = 200;

/// Names a call by its operation and the beginning of its request.
pub(crate) fn named(operation: &str, request: &impl Serialize) -> String {
    let request = serde_json::to_string(request).unwrap_or_default();
    format!("{operation} {}", request.chars().take(NAMED).collect::<String>())
}

/// The answer; `None` where the service refused in these words. SageMaker tells most refusals apart by
/// their message alone, which holds names and ARNs around the words.
pub(crate) fn unless<T, E>(
    answer: Result<T, SdkError<E, HttpResponse>>,
    words: &str,
    call: impl FnOnce() -> String,
) -> Result<Option<T>, Fault>
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if message_contains(&error, words) => Ok(None),
        Err(error) => Err(fault(&call(), &error)),
    }
}

fn message_contains<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, words: &str) -> bool {
    error.as_service_error().and_then(|e| e.message()).is_some_and(|message| message.contains(words))
}
