//! The bytes of a file or of standard input: what they are is told by the first of them.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, IsTerminal, Read};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use pawl::dataset;

use super::unpack::Packing;

/// How many bytes are read at a time: they stay in the processor's cache.
pub(crate) const CHUNK: usize = 1 << 18;

/// How many bytes are looked at beforehand: a header ends within them, or the file is read in one piece.
const HEAD: u64 = 1 << 16;

/// What unpacked bytes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Records of text.
    Records(dataset::Format),
    /// Told by its magic number.
    Parquet,
}

/// Bytes to read, unpacked.
pub(crate) struct Opened {
    pub(crate) format: Format,
    /// The first bytes; they come again in `bytes`.
    pub(super) head: Vec<u8>,
    /// The size of a file that is not packed.
    pub(super) plain_size: Option<u64>,
    pub(crate) bytes: Box<dyn Read>,
}

impl Opened {
    /// Whether another object follows the first one: data then, and not a document.
    pub(crate) fn has_many_objects(&self) -> bool {
        let mut lines = self.head.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let whole = |line: &[u8]| serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok();
        lines.next().is_some_and(whole) && lines.next().is_some()
    }
}

/// Opens `path`, or standard input for `-`.
pub(crate) fn open(path: &Path, bar: &ProgressBar) -> io::Result<Opened> {
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
    let (head, raw) = peek(bar.wrap_read(raw))?;
    let (head, bytes, plain_size): (_, Box<dyn Read>, _) = match Packing::of(&head) {
        Some(packing) => {
            let (head, bytes) = peek(packing.unpack(raw)?)?;
            (head, Box::new(bytes), None)
        }
        None => (head, Box::new(raw), size),
    };
    Ok(Opened { format: Format::of(path, &head), head, plain_size, bytes })
}

impl Format {
    /// Objects make JSON Lines, whatever the name; only a header row may begin with a brace by chance.
    fn of(path: &Path, head: &[u8]) -> Self {
        let named = |ends: &[&str]| ends.iter().any(|end| plain_name(path).ends_with(end));
        let first = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start().first();
        if head.starts_with(b"PAR1") {
            Self::Parquet
        } else if named(&[".jsonl", ".ndjson", ".json"]) || first == Some(&b'{') && !named(&[".csv", ".tsv"])
        {
            Self::Records(dataset::Format::JsonLines)
        } else {
            Self::Records(dataset::Format::Csv)
        }
    }
}

/// A file's name without the ending of its packing.
pub(super) fn plain_name(path: &Path) -> String {
    let name = path.to_string_lossy().to_lowercase();
    name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name).to_owned()
}

/// The first bytes, and all of them again.
fn peek(mut bytes: impl Read) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::new();
    bytes.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(bytes)))
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
