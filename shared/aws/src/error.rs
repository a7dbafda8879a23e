//! The SDK's errors in the kinds of [`Fault`].

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use pawl_base::fault::Fault;

/// What an SDK error means for the step: `what` names the call and its object.
pub fn fault<E>(what: &str, error: &SdkError<E, HttpResponse>) -> Fault
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let text = format!("{what}: {}", DisplayErrorContext(error));
    match kind(error) {
        Kind::Absent => Fault::NotFound(text),
        Kind::Conflict => Fault::Conflict(text),
        Kind::Passing => Fault::Unavailable(text),
        Kind::Refused => Fault::Refused(text),
    }
}

/// What an SDK error comes down to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Absent,
    Conflict,
    Passing,
    Refused,
}

/// Sorts an SDK error by status and code. 409 is S3's answer to conditional writes that overlap.
pub(super) fn kind<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Kind {
    let throttled = error.code().is_some_and(|code| {
        code.contains("Throttl") || code.contains("SlowDown") || code.contains("TooManyRequests")
    });
    match error.raw_response().map(|response| response.status().as_u16()) {
        _ if throttled => Kind::Passing,
        Some(404) => Kind::Absent,
        Some(409 | 412) => Kind::Conflict,
        Some(429 | 500..) | None => Kind::Passing,
        Some(_) => Kind::Refused,
    }
}
