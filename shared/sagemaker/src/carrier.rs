//! One JSON document to a service and its answer, over an operation that is linked anyway.
//!
//! The SDK's own operations for these would add their trees of types to a function that has no room for them. SageMaker and
//! Application Auto Scaling speak the same protocol: a POST of one JSON document under a target header
//! (<https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html>). So a small operation carries them: target and body are
//! changed, and where need be host and signature, before it is signed.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sagemaker::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_sagemaker::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sagemaker::error::BoxError;
use aws_types::SigningName;
use pawl_aws::SdkConfig;
use serde_json::Value;

/// Who takes a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    SageMaker,
    ApplicationAutoScaling,
}

impl Service {
    /// What stands before the operation's name in the target header.
    fn target(self) -> &'static str {
        match self {
            Self::SageMaker => "SageMaker",
            Self::ApplicationAutoScaling => "AnyScaleFrontendService",
        }
    }
}

/// Where Application Auto Scaling is; `None` where the configuration names one endpoint for all services.
pub(crate) fn scaling_endpoint(config: &SdkConfig) -> Option<String> {
    let region = config.region().filter(|_| config.endpoint_url().is_none())?.as_ref();
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    Some(format!("https://application-autoscaling.{region}.{suffix}/"))
}

/// A document on its way.
#[derive(Debug)]
pub(crate) struct Carried {
    service: Service,
    target: String,
    body: String,
    endpoint: Option<String>,
    answer: Answer,
}

/// The body that came back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer(Arc<Mutex<Vec<u8>>>);

impl Answer {
    /// The document; `null` where none came.
    pub(crate) fn take(&self) -> Value {
        serde_json::from_slice(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).unwrap_or_default()
    }
}

impl Carried {
    /// A document for an operation, and where its answer will be. `endpoint` is where to send it instead of SageMaker's.
    pub(crate) fn new(
        service: Service,
        operation: &'static str,
        request: &Value,
        endpoint: Option<String>,
    ) -> (Self, Answer) {
        let (target, answer) = (format!("{}.{operation}", service.target()), Answer::default());
        (Self { service, target, body: request.to_string(), endpoint, answer: answer.clone() }, answer)
    }
}

impl Intercept for Carried {
    fn name(&self) -> &'static str {
        "Carried"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().insert("x-amz-target", self.target.clone());
        request.headers_mut().insert("content-length", self.body.len().to_string());
        *request.body_mut() = self.body.clone().into();
        if self.service == Service::ApplicationAutoScaling {
            cfg.interceptor_state().store_put(SigningName::from_static("application-autoscaling"));
        }
        if let Some(endpoint) = &self.endpoint {
            request.set_uri(endpoint.clone())?;
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().unwrap_or_default().to_vec();
        *self.answer.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use aws_sdk_sagemaker::config::{Credentials, Region, SharedCredentialsProvider};
    use serde_json::json;

    use super::*;
    use crate::SageMaker;

    fn config(endpoint: Option<&str>) -> SdkConfig {
        let keys = Credentials::new("id", "secret", None, None, "test");
        let config = pawl_aws::in_lambda()
            .into_builder()
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(keys));
        match endpoint {
            Some(endpoint) => config.endpoint_url(endpoint).build(),
            None => config.build(),
        }
    }

    /// Answers one request, once it ends so, with this head and document; what was asked.
    fn answer(
        listener: TcpListener,
        ends: &'static str,
        head: &'static str,
        body: &'static str,
    ) -> thread::JoinHandle<String> {
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut asked, mut buffer) = (String::new(), [0; 4096]);
            while !asked.ends_with(ends) {
                let read = stream.read(&mut buffer).unwrap();
                asked.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            }
            let length = body.len();
            write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
            asked
        })
    }

    #[tokio::test]
    async fn a_document_goes_to_its_service_and_comes_back() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let here = format!("http://{}/", listener.local_addr().unwrap());
        let asked = answer(listener, "}", "200 OK", r#"{"ScalableTargetARN": "arn"}"#);
        // SageMaker itself is elsewhere.
        let mut sagemaker = SageMaker::new(&config(Some("http://127.0.0.1:9")));
        sagemaker.scaling = Some(here.clone());
        let request = json!({ "ServiceNamespace": "sagemaker" });
        let made = sagemaker.carry(Service::ApplicationAutoScaling, "RegisterScalableTarget", &request, None);
        assert_eq!(made.await.unwrap(), Some(json!({ "ScalableTargetARN": "arn" })));
        let asked = asked.join().unwrap().to_lowercase();
        for wanted in [
            "post / http/1.1",
            &format!("host: {}", here.trim_start_matches("http://").trim_end_matches('/')),
            "x-amz-target: anyscalefrontendservice.registerscalabletarget",
            "content-type: application/x-amz-json-1.1",
            "/eu-west-1/application-autoscaling/aws4_request",
            &request.to_string().to_lowercase(),
        ] {
            assert!(asked.contains(wanted), "{wanted} is missing in {asked}");
        }
    }

    #[tokio::test]
    async fn an_asynchronous_endpoint_is_told_where_its_rows_lie() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sagemaker = SageMaker::new(&config(Some(&format!("http://{}", listener.local_addr().unwrap()))));
        let head = "202 Accepted\r\nx-amzn-sagemaker-outputlocation: s3://b/out\r\nx-amzn-sagemaker-failurelocation: s3://b/bad";
        let asked = answer(listener, "\r\n\r\n", head, r#"{"InferenceId": "7"}"#);
        let awaited = sagemaker.invoke_later("bike", "s3://b/in.jsonl").await.unwrap();
        assert_eq!((awaited.answer.as_str(), awaited.failure.as_deref()), ("s3://b/out", Some("s3://b/bad")));
        let asked = asked.join().unwrap().to_lowercase();
        for wanted in [
            "post /endpoints/bike/async-invocations ",
            "inputlocation: s3://b/in.jsonl",
            "application/jsonlines",
        ] {
            assert!(asked.contains(wanted), "{wanted} is missing in {asked}");
        }
    }

    #[tokio::test]
    async fn an_answer_may_be_empty() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sagemaker = SageMaker::new(&config(Some(&format!("http://{}", listener.local_addr().unwrap()))));
        let asked = answer(listener, "}", "200 OK", "");
        sagemaker.delete_config("bike-1").await.unwrap();
        let asked = asked.join().unwrap();
        assert!(
            asked.contains("SageMaker.DeleteEndpointConfig") && asked.contains("/sagemaker/aws4_request")
        );
    }

    #[test]
    fn application_auto_scaling_is_in_each_region() {
        let here = scaling_endpoint(&config(None));
        assert_eq!(here.as_deref(), Some("https://application-autoscaling.eu-west-1.amazonaws.com/"));
        assert_eq!(scaling_endpoint(&config(Some("http://localhost:4566"))), None);
    }
}
