//! Saved profiles: what is read can be merged, told in figures and written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::profile::Profile;

fuzz_target!(|data: &[u8]| {
    let saved = Profile::from_bytes(data).ok().or_else(|| serde_json_profile(data));
    let Some(profile) = saved else { return };
    let mut twice = profile.clone();
    twice.merge(&profile);
    let _ = twice.summary();
    let bytes = profile.to_bytes().unwrap_or_default();
    assert!(Profile::from_bytes(&bytes).is_ok());
});

fn serde_json_profile(data: &[u8]) -> Option<Profile> {
    serde_json::from_slice(data).ok()
}
