//! The bytes of a file or of standard input: what they are is told by the first of them.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use pawl::dataset::Schema;
use pawl::dataset::file::{self, Content, Unsaid};

/// How many bytes are read at a time: they stay in the processor's cache.
pub(crate) const CHUNK: usize = 1 << 18;

/// Bytes to read, unpacked.
pub(crate) struct Opened {
    pub(crate) kind: Content,
    /// The schema with what was found.
    pub(super) schema: Schema,
    /// What was found that nobody said, in words.
    pub(crate) found: Vec<String>,
    /// The first bytes; they come again in `bytes`.
    pub(super) head: Vec<u8>,
    /// The size of a file that is not packed.
    pub(super) plain_size: Option<u64>,
    pub(crate) bytes: Box<dyn Read>,
}

impl Opened {
    /// The byte between fields.
    pub(crate) fn delimiter(&self) -> u8 {
        self.schema.delimiter()
    }

    /// Whether another object follows the first one: data then, and not a document.
    pub(crate) fn has_many_objects(&self) -> bool {
        let mut lines = self.head.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let whole = |line: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        lines.next().is_some_and(whole) && lines.next().is_some()
    }
}

/// Opens `path`, or standard input for `-`.
pub(crate) fn open(path: &Path, bar: &ProgressBar, schema: &Schema, unsaid: Unsaid) -> io::Result<Opened> {
    let mut size = None;
    let raw: Box<dyn Read> = if is_stdin(path) {
        Box::new(io::stdin())
    } else if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    } else {
        let file = File::open(path)?;
        // A pipe or a device has no size and cannot be read in ranges.
        size = file.metadata().ok().filter(Metadata::is_file).map(|meta| meta.len());
        Box::new(file)
    };
    let opened = file::open(&path.to_string_lossy(), bar.wrap_read(raw), schema, unsaid)?;
    let file::Opened { kind, packed, schema, found, head, bytes } = opened;
    Ok(Opened { kind, schema, found, head, plain_size: size.filter(|_| !packed), bytes })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A progress bar over the bytes of the files, on a terminal only.
pub(super) fn progress(paths: &[PathBuf]) -> ProgressBar {
    let total = paths.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum();
    let template = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} to go";
    match ProgressStyle::with_template(template) {
        Ok(style) if io::stderr().is_terminal() && !paths.iter().any(|path| is_stdin(path)) => {
            ProgressBar::new(total).with_style(style)
        }
        _ => ProgressBar::hidden(),
    }
}
