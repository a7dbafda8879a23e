//! Packed bytes: told by their first ones, unpacked within bounds.
#![no_main]

use std::io::{Cursor, Read, copy, sink};

use libfuzzer_sys::fuzz_target;
use pawl::dataset::Schema;
use pawl::dataset::file::{Unsaid, open};

fuzz_target!(|data: &[u8]| {
    if let Ok(opened) = open("data", Cursor::new(data.to_vec()), &Schema::default(), Unsaid::Guessed) {
        let _ = copy(&mut opened.bytes.take(16 << 20), &mut sink());
    }
});
