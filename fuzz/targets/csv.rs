//! CSV: whatever comes, in whatever chunks, is read or refused; the chunks make no difference.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pawl::dataset::Format;
use pawl_fuzz::chunks_make_no_difference;

fuzz_target!(|input: (u8, &[u8])| chunks_make_no_difference(Format::Csv, input));
