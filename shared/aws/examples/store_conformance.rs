//! Holds the store in S3 to what every store promises, on whatever answers for S3 at `AWS_ENDPOINT_URL`, in the bucket that
//! `PAWL_BUCKET` names. Prints a line for each property and ends with 1 where one is broken.
//!
//! An example, so that `cargo test` builds it; `tests/local/tests/test_store.py` runs it on the stand-in.

use std::process::ExitCode;

use pawl_aws::{S3Store, in_lambda};
use pawl_testing::conformance::Property;

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "its output is what the test shows")]
async fn main() -> ExitCode {
    let store = match S3Store::from_env(&in_lambda()) {
        Ok(store) => store,
        Err(fault) => {
            println!("{fault}");
            return ExitCode::FAILURE;
        }
    };
    let mut code = ExitCode::SUCCESS;
    for property in Property::ALL {
        match property.check(&store, "conformance/").await {
            Ok(()) => println!("{property:?}: ok"),
            Err(broken) => {
                println!("{property:?}: {}", broken.0);
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
