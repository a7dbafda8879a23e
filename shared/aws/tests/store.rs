//! Holds the store in S3 to what every store promises, on the stand-in's S3.
//!
//! Starts a stand-in of its own with the Python that `scripts/setup` makes; `PAWL_S3_ENDPOINT` names
//! another S3 instead. Where there is neither, it says so and skips, or fails where `PAWL_STANDIN=required`
//! (as in `scripts/test`). A program without the test harness, which would keep what a skipped test says to
//! itself.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_s3::config::{Builder, Credentials};
use pawl_aws::{S3Store, SdkConfig, in_lambda};
use pawl_testing::conformance::Property;

type Error = Box<dyn std::error::Error>;

/// The stand-in's gateway: S3 and the other services on one port, without Pawl on it. Ends with this program.
struct Gateway {
    process: Child,
    endpoint: String,
}

impl Gateway {
    /// `None` where its Python is not set up.
    fn start() -> Result<Option<Self>, Error> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
        let python = root.join(".cache/venv/bin/python");
        if !python.is_file() {
            return Ok(None);
        }
        let state = std::env::temp_dir().join(format!("pawl-store-{}", std::process::id()));
        std::fs::create_dir_all(&state)?;
        let mut process = Command::new(python)
            .args(["-m", "standin.gateway", "--state-dir"])
            .arg(&state)
            .env("PYTHONPATH", root.join("tests/local"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut said = String::new();
        if let Some(stdout) = process.stdout.take() {
            BufReader::new(stdout).read_line(&mut said)?;
        }
        // `{"endpoint_url": "http://127.0.0.1:4566"}`
        let endpoint = said.split('"').nth(3).unwrap_or_default().to_owned();
        Ok(Some(Self { process, endpoint }))
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "a test without a harness says itself what it did")]
async fn main() -> ExitCode {
    match run().await {
        Ok(code) => code,
        Err(error) => {
            println!("store on S3: {error}");
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stdout, reason = "a test without a harness says itself what it did")]
async fn run() -> Result<ExitCode, Error> {
    let given = std::env::var("PAWL_S3_ENDPOINT").ok();
    let gateway = if given.is_some() { None } else { Gateway::start()? };
    let Some(endpoint) = given.as_ref().or(gateway.as_ref().map(|gateway| &gateway.endpoint)) else {
        println!("store on S3: SKIPPED, there is no stand-in; run ./scripts/setup, or set PAWL_S3_ENDPOINT");
        let required = std::env::var("PAWL_STANDIN").is_ok_and(|value| value == "required");
        return Ok(if required { ExitCode::FAILURE } else { ExitCode::SUCCESS });
    };
    let store = store_in_new_bucket(endpoint).await?;
    let mut code = ExitCode::SUCCESS;
    for property in Property::ALL {
        match property.check(&store, "conformance/").await {
            Ok(()) => println!("store on S3: {property:?} ... ok"),
            Err(broken) => {
                println!("store on S3: {property:?} ... FAILED: {}", broken.0);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// A bucket that nobody else uses, and the store in it as functions have it.
async fn store_in_new_bucket(endpoint: &str) -> Result<S3Store, Error> {
    let bucket = format!("pawl-store-{}", std::process::id());
    let config: SdkConfig = in_lambda()
        .to_builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "store",
        )))
        .endpoint_url(endpoint)
        .build();
    let client = aws_sdk_s3::Client::from_conf(Builder::from(&config).force_path_style(true).build());
    client.create_bucket().bucket(&bucket).send().await?;
    Ok(S3Store::new(&config, bucket))
}
