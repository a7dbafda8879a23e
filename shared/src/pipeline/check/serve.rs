//! The section `serve`: a serverless endpoint, and an endpoint that scales.

use crate::pipeline::error::refuse;
use crate::pipeline::{Pipeline, PipelineError};
use crate::release::serving::Serverless;
use crate::release::strategy::EndpointKind;

pub(super) fn check(pipeline: &Pipeline) -> Result<(), PipelineError> {
    if pipeline.serve.kind == EndpointKind::Serverless {
        check_serverless(pipeline)?;
    }
    if pipeline.serve.kind == EndpointKind::Asynchronous && pipeline.serve.capture_percent > 0 {
        let fix = "SageMaker captures what real-time endpoints are asked: write 0, or serve.kind: real_time";
        return refuse("serve.capture_percent", pipeline.serve.capture_percent.to_string(), fix);
    }
    check_autoscaling(pipeline)
}

fn check_serverless(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let Serverless { memory_mb, concurrency } = pipeline.serve.serverless;
    if !memory_mb.is_multiple_of(1_024) || !(1_024..=6_144).contains(&memory_mb) {
        let fix = "SageMaker takes 1024, 2048, 3072, 4096, 5120 or 6144";
        return refuse("serve.serverless.memory_mb", memory_mb.to_string(), fix);
    }
    if !(1..=200).contains(&concurrency) {
        return refuse("serve.serverless.concurrency", concurrency.to_string(), "SageMaker takes 1 to 200");
    }
    if pipeline.serve.capture_percent > 0 {
        let fix = "a serverless endpoint captures nothing: write 0, or serve.kind: real_time";
        return refuse("serve.capture_percent", pipeline.serve.capture_percent.to_string(), fix);
    }
    Ok(())
}

fn check_autoscaling(pipeline: &Pipeline) -> Result<(), PipelineError> {
    let Some(scaling) = &pipeline.serve.autoscaling else { return Ok(()) };
    if pipeline.serve.kind != EndpointKind::RealTime {
        let fix = "only a real_time endpoint scales by requests for each instance: leave autoscaling out";
        return refuse("serve.kind", pipeline.serve.kind.to_string(), fix);
    }
    if scaling.least < 2 {
        let fix = "at least 2: with one instance each update and each failure is an outage";
        return refuse("serve.autoscaling.least", scaling.least.to_string(), fix);
    }
    if scaling.most < scaling.least {
        return refuse(
            "serve.autoscaling.most",
            scaling.most.to_string(),
            "not below serve.autoscaling.least",
        );
    }
    if !(scaling.least..=scaling.most).contains(&pipeline.serve.instance_count) {
        let fix = "between serve.autoscaling.least and serve.autoscaling.most";
        return refuse("serve.instance_count", pipeline.serve.instance_count.to_string(), fix);
    }
    if !(scaling.requests_per_instance.is_finite() && scaling.requests_per_instance > 0.0) {
        let found = scaling.requests_per_instance.to_string();
        return refuse(
            "serve.autoscaling.requests_per_instance",
            found,
            "a number of requests a minute above 0",
        );
    }
    Ok(())
}
