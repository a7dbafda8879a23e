//! `pipeline.yaml`: refused with words, or kept as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::pipeline::Pipeline;

fuzz_target!(|data: &[u8]| {
    if let Err(error) = Pipeline::parse(data) {
        assert!(!error.to_string().is_empty());
    }
});
