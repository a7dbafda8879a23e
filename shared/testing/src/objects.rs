//! Buckets of data objects as a value.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use pawl_base::fault::Fault;
use pawl_base::names::{ContentHash, RegionName};
use pawl_ledger::edge::{Body, Objects, Place, Upload};
use pawl_ledger::ledger::Object;

use crate::clock::SimulatedClock;

/// Bodies come in pieces of at most so many bytes, so that records are cut in two.
const PIECE: usize = 1_000;

/// Objects by bucket and key, in any number of regions.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects {
    inner: Arc<Mutex<Inner>>,
    region: Option<RegionName>,
    /// How many objects a page holds; 0 means 1,000, as in S3.
    page: usize,
    /// How long each call takes, by which clock.
    slow: Option<(SimulatedClock, Duration)>,
}

#[derive(Debug, Default)]
struct Inner {
    /// By region (none is the home region), bucket and key.
    objects: BTreeMap<Address, (Object, Bytes)>,
    /// How many objects were ever written: names their versions.
    writes: u64,
    faults: BTreeMap<String, Fault>,
}

type Address = (Option<String>, String, String);

impl MemoryObjects {
    /// The same, in pages of so many objects.
    #[must_use]
    pub fn in_pages_of(self, page: usize) -> Self {
        Self { page, ..self }
    }

    /// The same, with so much time for each page, and for the first bytes of each object.
    #[must_use]
    pub fn slowed(self, clock: &SimulatedClock, each: Duration) -> Self {
        Self { slow: Some((clock.clone(), each)), ..self }
    }

    async fn call(&self) {
        if let Some((clock, each)) = &self.slow {
            clock.sleep(*each).await;
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn address(&self, bucket: &str, key: &str) -> Address {
        (self.region.as_ref().map(ToString::to_string), bucket.to_owned(), key.to_owned())
    }

    /// Writes a new version of an object.
    pub fn put(&self, bucket: &str, key: &str, body: impl Into<Bytes>) -> Object {
        let body = body.into();
        let address = self.address(bucket, key);
        self.with(|inner| {
            inner.writes += 1;
            let version = Some(format!("v{}", inner.writes));
            let etag = ContentHash::of(&body).short().to_owned();
            let object = Object::new(bucket.to_owned(), key.to_owned(), version, etag, body.len() as u64);
            inner.objects.insert(address, (object.clone(), body));
            object
        })
    }

    /// Writes an object whose bucket keeps no versions.
    pub fn put_unversioned(&self, bucket: &str, key: &str, body: impl Into<Bytes>) -> Object {
        let body = body.into();
        let etag = ContentHash::of(&body).short().to_owned();
        let object = Object::new(bucket.to_owned(), key.to_owned(), None, etag, body.len() as u64);
        let address = self.address(bucket, key);
        self.with(|inner| inner.objects.insert(address, (object.clone(), body)));
        object
    }

    /// The body that stands at the key.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let address = self.address(bucket, key);
        self.with(|inner| inner.objects.get(&address).map(|(_, body)| body.clone()))
    }

    /// All keys of a bucket, in lexical order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let region = self.address(bucket, "").0;
        self.with(|inner| {
            let here = inner.objects.keys().filter(|(at, found, _)| *at == region && found == bucket);
            here.map(|(_, _, key)| key.clone()).collect()
        })
    }

    /// Removes an object.
    pub fn delete(&self, bucket: &str, key: &str) {
        let address = self.address(bucket, key);
        self.with(|inner| inner.objects.remove(&address));
    }

    /// Answers every call for this key, or for this prefix of a listing, with the fault; with `None`,
    /// answers again.
    pub fn fail(&self, key: &str, fault: Option<Fault>) {
        self.with(|inner| match fault {
            Some(fault) => inner.faults.insert(key.to_owned(), fault),
            None => inner.faults.remove(key),
        });
    }

    fn find(&self, bucket: &str, key: &str) -> Result<(Object, Bytes), Fault> {
        let address = self.address(bucket, key);
        self.with(|inner| match (inner.faults.get(key), inner.objects.get(&address)) {
            (Some(fault), _) => Err(fault.clone()),
            (None, Some(found)) => Ok(found.clone()),
            (None, None) => Err(Fault::NotFound(format!("read s3://{bucket}/{key}"))),
        })
    }
}

impl Objects for MemoryObjects {
    type Body = MemoryBody;
    type Upload = MemoryUpload;

    fn in_region(&self, region: &RegionName) -> Self {
        Self { region: Some(region.clone()), ..self.clone() }
    }

    async fn page(
        &self,
        bucket: &str,
        prefix: &str,
        after: Option<Place>,
    ) -> Result<(Vec<Object>, Option<Place>), Fault> {
        self.call().await;
        let most = if self.page == 0 { 1_000 } else { self.page };
        let region = self.address(bucket, "").0;
        self.with(|inner| {
            if let Some(fault) = inner.faults.get(prefix) {
                return Err(fault.clone());
            }
            let under = inner.objects.iter().filter(|((at, found, key), _)| {
                *at == region && found == bucket && key.starts_with(prefix) && !key.ends_with('/')
            });
            let behind = under.filter(|((_, _, key), _)| after.as_ref().is_none_or(|place| *key > place.key));
            let mut objects: Vec<Object> =
                behind.map(|(_, (object, _))| object.clone()).take(most + 1).collect();
            let more = objects.len() > most;
            objects.truncate(most);
            let last = objects.last().filter(|_| more);
            let next = last.map(|last| Place { key: last.key.clone(), version: last.version.clone() });
            Ok((objects, next))
        })
    }

    async fn open(&self, object: &Object, from: u64, to: u64) -> Result<MemoryBody, Fault> {
        self.call().await;
        let what = format!("read s3://{}/{}", object.bucket, object.key);
        let (found, body) = self.find(&object.bucket, &object.key)?;
        match &object.version {
            Some(version) if found.version.as_ref() != Some(version) => return Err(Fault::NotFound(what)),
            None if found.etag != object.etag => return Err(Fault::Conflict(what)),
            _ => {}
        }
        let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX).min(body.len());
        Ok(MemoryBody { left: body.slice(at(from)..at(to)) })
    }

    async fn open_key(&self, bucket: &str, key: &str) -> Result<MemoryBody, Fault> {
        self.call().await;
        Ok(MemoryBody { left: self.find(bucket, key)?.1 })
    }

    fn upload(&self, bucket: &str, key: &str) -> MemoryUpload {
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        MemoryUpload { objects: self.clone(), bucket, key, sent: Vec::new(), buffer: Vec::new() }
    }
}

/// A body in small pieces.
#[derive(Debug)]
pub struct MemoryBody {
    left: Bytes,
}

impl Body for MemoryBody {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let piece = self.left.split_to(self.left.len().min(PIECE));
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }
}

/// An object being written. Full with 1,000 bytes, so that small tests send parts too.
#[derive(Debug)]
pub struct MemoryUpload {
    objects: MemoryObjects,
    bucket: String,
    key: String,
    sent: Vec<u8>,
    buffer: Vec<u8>,
}

impl Upload for MemoryUpload {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    fn is_full(&self) -> bool {
        self.buffer.len() >= PIECE
    }

    async fn send_part(&mut self) -> Result<(), Fault> {
        self.sent.append(&mut self.buffer);
        Ok(())
    }

    async fn finish(mut self) -> Result<(), Fault> {
        self.sent.append(&mut self.buffer);
        let fault = self.objects.with(|inner| inner.faults.get(&self.key).cloned());
        match fault {
            Some(fault) => Err(fault),
            None => {
                self.objects.put(&self.bucket, &self.key, self.sent);
                Ok(())
            }
        }
    }
}
