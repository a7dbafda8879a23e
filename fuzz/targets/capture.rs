//! Captured requests: whatever comes, in whatever chunks, is read or counted as unreadable; the chunks make no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::dataset::Schema;
use pawl::drift::Join;
use pawl::drift::monitor::{CaptureReader, Captured, Policy};
use pawl::gate::Task;
use pawl::profile::Profile;
use pawl::profile::bins::Baseline;

fn read(data: &[u8], chunk: usize) -> (Option<Captured>, Join) {
    let policy = Policy::default();
    let mut join = Join::new(Task::Binary, &policy.quality, policy.remember);
    let mut whole = || {
        let features = ["temp".to_owned(), "town".to_owned()];
        let mut reader =
            CaptureReader::new(&features, &[], &Schema::default(), &Baseline::freeze(&Profile::default()))?;
        for bytes in data.chunks(chunk) {
            reader.feed(bytes, &mut join)?;
        }
        reader.end(&mut join)?;
        reader.finish()
    };
    (whole().ok(), join)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (chunk, data) = input;
    let seen = |(captured, join): (Option<Captured>, Join)| {
        (captured.map(|it| (it.requests, it.unreadable, it.scan.tally)), join)
    };
    assert_eq!(seen(read(data, usize::from(chunk).max(1))), seen(read(data, data.len().max(1))));
});
