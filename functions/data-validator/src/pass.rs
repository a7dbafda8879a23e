//! One pass over an object, or over a part of it.

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use pawl::constraints::Constraints;
use pawl::dataset::file::{self, Content, Opened, Unsaid};
use pawl::dataset::{
    ByteRange, Format, Header, RangeProgress, RangeScan, RangeScanner, Scan, ScanError, Scanner, Sink,
};
use pawl::documents::{CONSTRAINTS, Partition, Piece, REFERENCE};
use pawl::edge::Upload;
use pawl::fault::Fault;
use pawl::ledger::{Keys, Object, Store};
use pawl::names::Generation;
use pawl::pipeline::{Pipeline, Treated};
use pawl::profile::bins::Baseline;
use pawl::run;
use pawl_parquet::{ParquetError, ParquetFile, Plan};
use tokio::runtime::Handle;

use crate::edge::{Data, Edge};
use crate::parts::{on_a_thread, open_head};
use crate::rows::{Outputs, Rows};
use crate::source::Source;

/// How many bytes are unpacked at a time.
const CHUNK: usize = 1 << 18;

/// What objects are read by.
pub(crate) struct Pass {
    keys: Keys,
    generation: Generation,
    pub(crate) pipeline: Pipeline,
    constraints: Option<Constraints>,
    reference: Option<Baseline>,
}

/// What a pass found in the rows.
pub(crate) enum Findings {
    /// Of the whole, or of row groups.
    Scan(Box<Scan>),
    /// Of a byte range, to be stitched to the one before.
    Range(Box<RangeScan>),
}

/// A pass that came to its end.
pub(crate) struct Completed {
    pub(crate) found: Findings,
    /// What training makes of rows that the model selected, where the pipeline says so.
    pub(crate) treated: Option<Treated>,
}

/// Why an object, or a part of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PassError {
    #[error(transparent)]
    Records(#[from] ScanError),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    #[error("{0}: the object is damaged or was cut short")]
    Packing(io::Error),
    #[error("{0}")]
    NoTable(io::Error),
    #[error("Parquet is read from its end: store it unpacked, its columns are packed already")]
    PackedParquet,
    #[error("this is a saved profile, no data")]
    Profile,
    #[error("{size} bytes are more than data.largest_object ({limit}): split the object, or raise the limit")]
    TooLarge { size: u64, limit: u64 },
    #[error("deleted meanwhile: {0}")]
    Deleted(String),
    #[error("it changed its form meanwhile: put each version under a key of its own")]
    Changed,
}

impl From<io::Error> for PassError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::Unsupported { Self::NoTable(error) } else { Self::Packing(error) }
    }
}

/// Why a pass did not come to its end.
pub(crate) enum PassFailure {
    /// The object cannot be read. That is a finding: it is kept as the object's profile.
    Unreadable(PassError),
    /// A service failed. The step fails with it, and is tried again.
    Fault(Fault),
}

impl PassFailure {
    /// Why the object cannot be read; or the fault, with which the step fails.
    pub(crate) fn unreadable(self) -> Result<PassError, Fault> {
        match self {
            Self::Unreadable(error) => Ok(error),
            Self::Fault(fault) => Err(fault),
        }
    }
}

impl<E: Into<PassError>> From<E> for PassFailure {
    fn from(error: E) -> Self {
        Self::Unreadable(error.into())
    }
}

/// What came of reading; but where S3 did not give the bytes, that is the reason, whatever the reader made
/// of it.
fn blame_source<T>(source: &Source<impl Data>, read: Result<T, PassFailure>) -> Result<T, PassFailure> {
    match source.fault() {
        Some(Fault::NotFound(reason)) => Err(PassError::Deleted(reason).into()),
        Some(fault) => Err(PassFailure::Fault(fault)),
        None => read,
    }
}

impl Pass {
    /// Gathers what the run has frozen.
    pub(crate) async fn load(
        edge: &Edge<impl Store, impl Data>,
        keys: &Keys,
        generation: Generation,
        reference: Option<&String>,
    ) -> Result<Arc<Self>, Fault> {
        let pipeline = run::frozen_pipeline(&edge.store, keys, generation).await?;
        let constraints = CONSTRAINTS.of(keys).read(&edge.store).await?;
        let reference = match reference {
            Some(key) => REFERENCE.at(key).read(&edge.store).await?.map(|reference| reference.baseline),
            None => None,
        };
        Ok(Arc::new(Self { keys: keys.clone(), generation, pipeline, constraints, reference }))
    }

    /// Reads a partition, and puts its rows in their files. Where the first record of a byte range starts
    /// may be known.
    pub(crate) async fn over(
        self: &Arc<Self>,
        edge: &Edge<impl Store, impl Data>,
        partition: &Partition,
        start: Option<u64>,
    ) -> Result<Completed, PassFailure> {
        let (size, limit) = (partition.object.size, self.pipeline.data.largest_object);
        if size > limit {
            return Err(PassError::TooLarge { size, limit }.into());
        }
        let (pass, partition) = (Arc::clone(self), partition.clone());
        let source = Source::new(&edge.objects, &partition.object);
        let outputs = self.outputs(edge, &partition.name());
        let runtime = Handle::current();
        on_a_thread(move || {
            let read = pass.read(&source, &partition, start, outputs, runtime);
            blame_source(&source, read)
        })
        .await
        .map_err(PassFailure::Fault)?
    }

    /// What stands before the first record of an object that is read in byte ranges.
    pub(crate) async fn header(
        self: &Arc<Self>,
        edge: &Edge<impl Store, impl Data>,
        object: &Object,
    ) -> Result<Header, PassFailure> {
        let (pass, source) = (Arc::clone(self), Source::new(&edge.objects, object));
        on_a_thread(move || {
            let header =
                open_head(&source, &pass.pipeline.data.schema).map_err(PassError::from).and_then(|head| {
                    match head.kind {
                        Content::Records(format) => pass.header_of(format, &head.head),
                        Content::Parquet | Content::Profile => Err(PassError::Changed),
                    }
                });
            blame_source(&source, header.map_err(PassFailure::from))
        })
        .await
        .map_err(PassFailure::Fault)?
    }

    fn header_of(&self, format: Format, head: &[u8]) -> Result<Header, PassError> {
        Header::of(format, head, &self.pipeline.data.schema, false)?.ok_or(PassError::Changed)
    }

    fn outputs<D: Data>(&self, edge: &Edge<impl Store, D>, name: &str) -> Outputs<D::Upload> {
        let upload = |key: String| edge.objects.upload(&edge.bucket, &key);
        Outputs {
            csv: upload(self.keys.rows_to_train(name)),
            jsonl: upload(self.keys.rows_to_score(name)),
            refused: upload(self.keys.quarantine(self.generation, name)),
        }
    }

    fn read(
        &self,
        source: &Source<impl Data>,
        partition: &Partition,
        start: Option<u64>,
        outputs: Outputs<impl Upload>,
        runtime: Handle,
    ) -> Result<Completed, PassFailure> {
        let end = if partition.piece == Piece::Whole { u64::MAX } else { file::HEAD };
        let opened = self.open(&partition.object.key, source.read(0, end))?;
        let name = partition.name();
        let mut rows = Rows::new(&self.pipeline, &name, opened.kind, runtime, outputs);
        let found = match (&partition.piece, opened.kind) {
            (Piece::Whole, Content::Records(format)) => self.whole(opened.bytes, format, &mut rows),
            (Piece::Whole, Content::Parquet) if opened.packed => Err(PassError::PackedParquet),
            (Piece::Whole, Content::Parquet) => self.row_groups(source, None, &mut rows),
            (Piece::RowGroups(groups), Content::Parquet) => {
                self.row_groups(source, Some(groups.clone()), &mut rows)
            }
            (Piece::Bytes(range), Content::Records(format)) => {
                self.range(source, format, &opened.head, *range, start, &mut rows)
            }
            (Piece::Whole, Content::Profile) => Err(PassError::Profile),
            (Piece::Bytes(_) | Piece::RowGroups(_), _) => Err(PassError::Changed),
        }?;
        let treated = rows.finish().map_err(PassFailure::Fault)?;
        Ok(Completed { found, treated })
    }

    /// Opens an object. Nothing is guessed: two objects of one pipeline are read in one way.
    fn open(&self, key: &str, bytes: impl Read + 'static) -> Result<Opened, PassError> {
        file::open(key, bytes, &self.pipeline.data.schema, Unsaid::Usual).map_err(PassError::from)
    }

    fn scanner(&self, format: Format) -> Scanner {
        let Pipeline { data, compare, .. } = &self.pipeline;
        let mut scanner =
            Scanner::of(format, &data.schema).with_segments(&compare.segments).with_row_sample();
        scanner = scanner.with_groups(self.pipeline.grouping().as_ref());
        if let Some(constraints) = &self.constraints {
            scanner = scanner.with_constraints(constraints);
        }
        if let Some(reference) = &self.reference {
            scanner = scanner.with_baseline(reference);
        }
        scanner
    }

    fn whole(
        &self,
        mut bytes: impl Read,
        format: Format,
        rows: &mut Rows<'_, impl Upload>,
    ) -> Result<Findings, PassError> {
        let (mut scanner, mut chunk) = (self.scanner(format), vec![0; CHUNK]);
        loop {
            let read = bytes.read(&mut chunk)?;
            let Some(bytes @ [_, ..]) = chunk.get(..read) else { break };
            scanner.feed(bytes, rows)?;
        }
        Ok(Findings::Scan(Box::new(scanner.finish(rows)?)))
    }

    fn range(
        &self,
        source: &Source<impl Data>,
        format: Format,
        head: &[u8],
        range: ByteRange,
        start: Option<u64>,
        rows: &mut Rows<'_, impl Upload>,
    ) -> Result<Findings, PassError> {
        let header = self.header_of(format, head)?;
        rows.header(&header.names, b"");
        let mut scanner = RangeScanner::new(self.scanner(format), &header, range, start);
        let mut reader = source.read(scanner.first_byte(), u64::MAX);
        while let Some(chunk) = reader.next()? {
            if scanner.feed(&chunk, rows)? == RangeProgress::Done {
                break;
            }
        }
        Ok(Findings::Range(Box::new(scanner.finish(rows)?)))
    }

    fn row_groups(
        &self,
        source: &Source<impl Data>,
        row_groups: Option<Range<usize>>,
        rows: &mut Rows<'_, impl Upload>,
    ) -> Result<Findings, PassError> {
        let groups = self.pipeline.grouping();
        let plan = Plan {
            row_groups,
            schema: Some(&self.pipeline.data.schema),
            constraints: self.constraints.as_ref(),
            baseline: self.reference.as_ref(),
            segments: &self.pipeline.compare.segments,
            sampled: true,
            groups: groups.as_ref(),
        };
        let file = ParquetFile::open(source.clone())?;
        Ok(Findings::Scan(Box::new(pawl_parquet::scan(&file, &plan, rows)?)))
    }
}
