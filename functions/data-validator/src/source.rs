//! One object's bytes, wherever a reader wants them. Readers wait, so they run on a thread of their own.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use pawl::fault::Fault;
use pawl::ledger::Object;
use pawl_aws::{ByteStream, Objects};
use pawl_parquet::{ChunkReader, Length};
use tokio::runtime::Handle;

/// How many bytes one request asks for at most.
const WINDOW: u64 = 64 << 20;

/// An object to read from.
#[derive(Clone)]
pub(crate) struct Source {
    objects: Objects,
    object: Object,
    runtime: Handle,
    /// Why S3 did not answer: a reader's error cannot tell that from bad data.
    fault: Arc<Mutex<Option<Fault>>>,
}

impl Source {
    /// Made inside the runtime that shall wait for S3.
    pub(crate) fn new(objects: &Objects, object: &Object) -> Self {
        let (objects, object, runtime) = (objects.clone(), object.clone(), Handle::current());
        Self { objects, object, runtime, fault: Arc::default() }
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// Why reading failed, where the object's bytes are not to blame.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.lock().ok()?.take()
    }

    /// The bytes from `at` on, and before `end`.
    pub(crate) fn read(&self, at: u64, end: u64) -> Reader {
        let end = end.min(self.object.size);
        Reader { source: self.clone(), at, end, body: None, chunk: Bytes::new() }
    }

    fn failed(&self, fault: Fault) -> io::Error {
        let error = io::Error::other(fault.to_string());
        if let Ok(mut place) = self.fault.lock() {
            place.get_or_insert(fault);
        }
        error
    }

    fn open(&self, from: u64, to: u64) -> io::Result<ByteStream> {
        let opened = self.runtime.block_on(self.objects.open(&self.object, from, to));
        opened.map_err(|fault| self.failed(fault))
    }
}

/// The bytes of an object from some place on.
pub(crate) struct Reader {
    source: Source,
    at: u64,
    end: u64,
    /// The body of the open request, and where it began.
    body: Option<(u64, ByteStream)>,
    chunk: Bytes,
}

impl Reader {
    /// The next bytes as they come; none at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        while self.at < self.end {
            let (from, body) = match &mut self.body {
                Some(open) => open,
                None => {
                    let body = self.source.open(self.at, self.end.min(self.at + WINDOW))?;
                    self.body.insert((self.at, body))
                }
            };
            let read = self.source.runtime.block_on(body.next());
            let failed = |why: String| {
                let reason =
                    format!("read s3://{}/{}: {why}", self.source.object.bucket, self.source.object.key);
                Err(self.source.failed(Fault::Unavailable(reason)))
            };
            match read {
                Some(Ok(chunk)) => {
                    self.at += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                Some(Err(e)) => return failed(e.to_string()),
                None if *from == self.at => return failed("the answer is empty".to_owned()),
                None => self.body = None,
            }
        }
        Ok(None)
    }
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.next()? {
                Some(chunk) => self.chunk = chunk,
                None => return Ok(0),
            }
        }
        let taken = self.chunk.split_to(self.chunk.len().min(buffer.len()));
        if let Some(place) = buffer.get_mut(..taken.len()) {
            place.copy_from_slice(&taken);
        }
        Ok(taken.len())
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.object.size
    }
}

impl ChunkReader for Source {
    type T = Reader;

    fn get_read(&self, start: u64) -> pawl_parquet::Result<Reader> {
        Ok(self.read(start, u64::MAX))
    }

    fn get_bytes(&self, start: u64, length: usize) -> pawl_parquet::Result<Bytes> {
        let body = self.open(start, start.saturating_add(length as u64))?;
        let collected = self.runtime.block_on(body.collect());
        let failed = |e| self.failed(Fault::Unavailable(format!("read {}: {e}", self.object.key)));
        Ok(collected.map_err(failed)?.into_bytes())
    }
}
