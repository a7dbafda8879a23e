//! Events: alarms, objects, changes of SageMaker's, in every wrapping.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(event) = serde_json::from_slice(data) {
        let _ = pawl::events::decode(&event);
    }
});
