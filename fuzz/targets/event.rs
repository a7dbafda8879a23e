//! Events: alarms, objects, changes of SageMaker's, in every wrapping.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = pawl::events::decode(data);
});
