//! How much of a file is held in memory.

/// The largest page that is held in memory, in bytes, compressed and not.
pub const PAGE_LIMIT: u32 = 256 << 20;

/// The largest footer that is read, in bytes.
pub const FOOTER_LIMIT: u64 = 64 << 20;

/// The most leaf columns.
pub const COLUMN_LIMIT: usize = 20_000;
