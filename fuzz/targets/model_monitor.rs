//! Model Monitor's files: whatever a team brings is refused, or becomes a profile and constraints.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::model_monitor::{Rules, Statistics};

fuzz_target!(|data: &[u8]| {
    if let Ok(statistics) = serde_json::from_slice::<Statistics>(data) {
        let _ = statistics.profile();
        let _ = Rules::suggest(&statistics);
    }
    if let Ok(rules) = serde_json::from_slice::<Rules>(data) {
        let _ = rules.constraints();
    }
});
