//! One object's bytes, wherever a reader wants them. Readers wait, so they run on a thread of their own.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use pawl::edge::Body;
use pawl::fault::Fault;
use pawl::ledger::Object;
use pawl_parquet::{ChunkReader, Length};
use tokio::runtime::Handle;

use crate::edge::Data;

/// How many bytes one request asks for at most.
const WINDOW: u64 = 64 << 20;

/// An object to read from.
#[derive(Clone)]
pub(crate) struct Source<D> {
    objects: D,
    object: Object,
    runtime: Handle,
    /// Why S3 did not answer: a reader's error cannot tell that from bad data.
    fault: Arc<Mutex<Option<Fault>>>,
}

impl<D: Data> Source<D> {
    /// Made inside the runtime that shall wait for S3.
    pub(crate) fn new(objects: &D, object: &Object) -> Self {
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
    pub(crate) fn read(&self, at: u64, end: u64) -> Reader<D> {
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

    fn open(&self, from: u64, to: u64) -> io::Result<D::Body> {
        let opened = self.runtime.block_on(self.objects.open(&self.object, from, to));
        opened.map_err(|fault| self.failed(fault))
    }
}

/// The bytes of an object from some place on.
pub(crate) struct Reader<D: Data> {
    source: Source<D>,
    at: u64,
    end: u64,
    /// The body of the open request, and where it began.
    body: Option<(u64, D::Body)>,
    chunk: Bytes,
}

impl<D: Data> Reader<D> {
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
            let next = self.source.runtime.block_on(body.next());
            match next.map_err(|fault| self.source.failed(fault))? {
                Some(chunk) => {
                    self.at += chunk.len() as u64;
                    return Ok(Some(chunk));
                }
                None if *from == self.at => {
                    let Object { bucket, key, .. } = &self.source.object;
                    let reason = format!("read s3://{bucket}/{key}: the answer is empty");
                    return Err(self.source.failed(Fault::Unavailable(reason)));
                }
                None => self.body = None,
            }
        }
        Ok(None)
    }
}

impl<D: Data> Read for Reader<D> {
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

impl<D: Data> Length for Source<D> {
    fn len(&self) -> u64 {
        self.object.size
    }
}

impl<D: Data> ChunkReader for Source<D> {
    type T = Reader<D>;

    fn get_read(&self, start: u64) -> pawl_parquet::Result<Reader<D>> {
        Ok(self.read(start, u64::MAX))
    }

    fn get_bytes(&self, start: u64, length: usize) -> pawl_parquet::Result<Bytes> {
        let mut body = self.open(start, start.saturating_add(length as u64))?;
        let mut bytes = Vec::with_capacity(length.min(WINDOW as usize));
        self.runtime
            .block_on(async {
                while let Some(piece) = body.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                Ok(())
            })
            .map_err(|fault| self.failed(fault))?;
        Ok(bytes.into())
    }
}
