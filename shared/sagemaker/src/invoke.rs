//! Rows that an endpoint answers.

use pawl::documents::Awaited;
use pawl::fault::Fault;
use pawl_aws::fault;

use crate::SageMaker;

/// What containers read and answer.
const JSON_LINES: &str = "application/jsonlines";

impl SageMaker {
    /// Sends JSON Lines to the endpoint, or to this variant of it, and returns its answer.
    pub async fn invoke(
        &self,
        endpoint: &str,
        variant: Option<&str>,
        lines: Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        let request = self
            .runtime
            .invoke_endpoint()
            .endpoint_name(endpoint)
            .set_target_variant(variant.map(str::to_owned))
            .content_type(JSON_LINES)
            .accept(JSON_LINES)
            .body(lines.into());
        let answer = request.send().await.map_err(|e| fault(&format!("invoke endpoint {endpoint}"), &e))?;
        Ok(answer.body().map(|body| body.as_ref().to_vec()).unwrap_or_default())
    }

    /// Asks an asynchronous endpoint for its answer to JSON Lines that lie there, an `s3://` address.
    pub async fn invoke_later(&self, endpoint: &str, input: &str) -> Result<Awaited, Fault> {
        let request = self
            .runtime
            .invoke_endpoint_async()
            .endpoint_name(endpoint)
            .input_location(input)
            .content_type(JSON_LINES)
            .accept(JSON_LINES);
        let asked = request.send().await.map_err(|e| fault(&format!("invoke endpoint {endpoint}"), &e))?;
        let answer = asked.output_location().map(str::to_owned);
        let answer =
            answer.ok_or_else(|| Fault::Unavailable(format!("{endpoint} names no place for its answer")))?;
        Ok(Awaited { answer, failure: asked.failure_location().map(str::to_owned) })
    }
}
