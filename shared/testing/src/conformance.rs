//! What every implementation of [`Store`] must do, written once and run over each: memory, and S3 on the
//! stand-in.
//!
//! Each [`Property`] works under a prefix of its own, so that a store that outlives the run is no trouble.

use std::fmt::Debug;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use pawl_ledger::documents::Document;
use pawl_ledger::ledger::{Condition, ETag, Store, StoreError, Wrote};

/// A document that is nothing but a number.
const NUMBER: Document<u32, ()> = Document::foreign(());

/// The most requests at once.
const AT_ONCE: usize = 16;

/// More keys than S3 lists on one page (1,000):
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>.
const MORE_THAN_A_PAGE: usize = 1_005;

/// Keys with characters that URLs, XML or shells give a meaning to, in lexical order of their bytes.
const ODD_KEYS: [&str; 12] = [
    "a b.json",
    "a%20b.json",
    "a&b<c>.json",
    "a+b.json",
    "a//b.json",
    "a=b?c#d.json",
    "a\"b'c.json",
    "a~b!c*(d).json",
    "aé.json",
    "a한국.json",
    "a🚲.json",
    "z",
];

/// One promise of the [`Store`] trait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// Nothing stands at a key that was never written.
    Missing,
    /// A write is seen by `get` and `list` at once, byte for byte.
    ReadAfterWrite,
    /// `IfAbsent` writes once, and a refused write changes nothing.
    CreateIfAbsent,
    /// `IfMatch` writes over the version that was read, and over no other.
    IfMatch,
    /// Of several writers that create one key at once, one succeeds.
    OneCreates,
    /// Of several writers that update one document, no change is lost.
    NoLostUpdate,
    /// A listing is whole and in lexical order, however long.
    LongListing,
    /// A listing can be taken up behind any key.
    KeysAfter,
    /// What is deleted is gone, and its key is free.
    Deletion,
    /// A document that is no JSON is named, and never written over.
    Unreadable,
    /// Empty and large bodies come back as they were.
    Bodies,
    /// A key may hold any character.
    OddKeys,
}

impl Property {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Missing,
        Self::ReadAfterWrite,
        Self::CreateIfAbsent,
        Self::IfMatch,
        Self::OneCreates,
        Self::NoLostUpdate,
        Self::LongListing,
        Self::KeysAfter,
        Self::Deletion,
        Self::Unreadable,
        Self::Bodies,
        Self::OddKeys,
    ];

    /// Holds a store to this property, under a prefix where nothing stands yet. Says what was found instead.
    pub async fn check(self, store: &impl Store, prefix: &str) -> Result<(), BrokenPromise> {
        let place = format!("{prefix}{self:?}/");
        match self {
            Self::Missing => missing(store, &place).await,
            Self::ReadAfterWrite => read_after_write(store, &place).await,
            Self::CreateIfAbsent => create_if_absent(store, &place).await,
            Self::IfMatch => if_match(store, &place).await,
            Self::OneCreates => one_creates(store, &place).await,
            Self::NoLostUpdate => no_lost_update(store, &place).await,
            Self::LongListing => long_listing(store, &place).await,
            Self::KeysAfter => keys_after(store, &place).await,
            Self::Deletion => deletion(store, &place).await,
            Self::Unreadable => unreadable(store, &place).await,
            Self::Bodies => bodies(store, &place).await,
            Self::OddKeys => odd_keys(store, &place).await,
        }
    }
}

/// What a store did instead.
#[derive(Debug)]
pub struct BrokenPromise(pub String);

impl From<StoreError> for BrokenPromise {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

fn same<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Result<(), BrokenPromise> {
    if found == expected {
        Ok(())
    } else {
        Err(BrokenPromise(format!("{what}: found {found:?}, not {expected:?}")))
    }
}

fn conflict<T: Debug + PartialEq>(
    what: &str,
    found: &Result<T, StoreError>,
    key: &str,
) -> Result<(), BrokenPromise> {
    same(what, &found.as_ref().err(), &Some(&StoreError::Conflict { key: key.to_owned() }))
}

async fn body_of(store: &impl Store, key: &str) -> Result<Option<Vec<u8>>, BrokenPromise> {
    Ok(store.get(key).await?.map(|stored| stored.body))
}

async fn keys_of(store: &impl Store, prefix: &str) -> Result<Vec<String>, BrokenPromise> {
    Ok(store.list(prefix).await?.into_iter().map(|found| found.key).collect())
}

async fn missing(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}never-written");
    same("get", &body_of(store, &key).await?, &None)?;
    same("list", &keys_of(store, place).await?, &Vec::new())?;
    same("keys_after", &store.keys_after(place, "", 10).await?, &Vec::new())?;
    let over = store.put(&key, b"1".to_vec(), Condition::IfMatch(ETag("\"some\"".to_owned()))).await;
    conflict("IfMatch where nothing stands", &over, &key)?;
    same("get after the refused write", &body_of(store, &key).await?, &None)
}

async fn read_after_write(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}document.json");
    for body in ["first", "second"] {
        let etag = store.put(&key, body.into(), Condition::Always).await?;
        let stored =
            store.get(&key).await?.ok_or_else(|| BrokenPromise("nothing stands after put".to_owned()))?;
        same("body", &stored.body, &body.as_bytes().to_vec())?;
        same("version that get names", &stored.etag, &etag)?;
        let listed = store.list(place).await?;
        let listed: Vec<_> = listed.into_iter().map(|found| (found.key, found.etag)).collect();
        same("listing", &listed, &vec![(key.clone(), etag)])?;
    }
    Ok(())
}

async fn create_if_absent(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}once.json");
    same("first write_once", &NUMBER.at(key.as_str()).write_once(store, &1).await?, &Wrote::Now)?;
    same("second write_once", &NUMBER.at(key.as_str()).write_once(store, &2).await?, &Wrote::Before)?;
    conflict("second IfAbsent", &store.put(&key, b"3".to_vec(), Condition::IfAbsent).await, &key)?;
    same("body", &body_of(store, &key).await?, &Some(b"1".to_vec()))
}

async fn if_match(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}swapped.json");
    let first = store.put(&key, b"1".to_vec(), Condition::IfAbsent).await?;
    let second = store.put(&key, b"2".to_vec(), Condition::IfMatch(first.clone())).await?;
    if first == second {
        return Err(BrokenPromise(format!("two bodies have one version, {first:?}")));
    }
    conflict("a stale version", &store.put(&key, b"3".to_vec(), Condition::IfMatch(first)).await, &key)?;
    same("body", &body_of(store, &key).await?, &Some(b"2".to_vec()))?;
    store.put(&key, b"4".to_vec(), Condition::IfMatch(second)).await?;
    same("body", &body_of(store, &key).await?, &Some(b"4".to_vec()))
}

async fn one_creates(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}raced.json");
    let writers = (0..8_u8).map(|n| store.put(&key, vec![n], Condition::IfAbsent));
    let ended = join_all(writers).await;
    let winners: Vec<u8> = (0..).zip(&ended).filter(|(_, end)| end.is_ok()).map(|(n, _)| n).collect();
    same("how many writers created the key", &winners.len(), &1)?;
    for lost in ended.iter().filter(|end| end.is_err()) {
        conflict("a writer that came later", lost, &key)?;
    }
    same("body", &body_of(store, &key).await?, &Some(winners))
}

/// Four writers of five updates each: while one is tried, the others write at most 15 times, and `update`
/// tries 16 times.
async fn no_lost_update(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let count = NUMBER.at(format!("{place}count.json"));
    let writer = || async {
        for _ in 0..5 {
            count.update(store, |count| *count += 1).await?;
        }
        Ok::<(), StoreError>(())
    };
    for ended in join_all((0..4).map(|_| writer())).await {
        ended?;
    }
    same("count", &count.read(store).await?, &Some(20))
}

async fn write_all(store: &impl Store, keys: &[String]) -> Result<(), BrokenPromise> {
    let writes = stream::iter(keys).map(|key| store.put(key, key.clone().into(), Condition::Always));
    writes.buffer_unordered(AT_ONCE).try_for_each(|_| async { Ok(()) }).await?;
    Ok(())
}

async fn long_listing(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    // `item-10` comes before `item-2`, and `Item` before `item`: the order is that of bytes.
    let mut keys: Vec<String> = (0..MORE_THAN_A_PAGE).map(|n| format!("{place}in/item-{n}")).collect();
    keys.push(format!("{place}in/Item"));
    write_all(store, &keys).await?;
    write_all(store, &[format!("{place}in"), format!("{place}in0"), format!("{place}IN/item")]).await?;
    keys.sort_unstable();
    same("listing", &keys_of(store, &format!("{place}in/")).await?, &keys)?;
    let all = store.keys_after(&format!("{place}in/"), "", usize::MAX).await?;
    same("keys_after over several pages", &all, &keys)
}

async fn keys_after(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let [a, b, c] = ["a", "b", "c"].map(|name| format!("{place}in/{name}"));
    write_all(store, &[c.clone(), a.clone(), b.clone(), format!("{place}other/d")]).await?;
    let under = format!("{place}in/");
    same("from the beginning", &store.keys_after(&under, "", 2).await?, &vec![a.clone(), b.clone()])?;
    same("behind a key", &store.keys_after(&under, &a, 10).await?, &vec![b.clone(), c.clone()])?;
    // Behind a key that does not stand there, as after a deletion, or as a moment.
    same("between two keys", &store.keys_after(&under, &format!("{a}zzz"), 1).await?, &vec![b])?;
    same("before the prefix", &store.keys_after(&under, place, 1).await?, &vec![a])?;
    same("behind the last", &store.keys_after(&under, &c, 10).await?, &Vec::new())?;
    same("none wanted", &store.keys_after(&under, "", 0).await?, &Vec::new())
}

async fn deletion(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}gone.json");
    let etag = store.put(&key, b"1".to_vec(), Condition::Always).await?;
    for _ in 0..2 {
        store.delete(&key).await?;
        same("get", &body_of(store, &key).await?, &None)?;
        same("list", &keys_of(store, place).await?, &Vec::new())?;
    }
    conflict("IfMatch after deletion", &store.put(&key, vec![2], Condition::IfMatch(etag)).await, &key)?;
    store.put(&key, b"3".to_vec(), Condition::IfAbsent).await?;
    same("body", &body_of(store, &key).await?, &Some(b"3".to_vec()))
}

async fn unreadable(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}broken.json");
    for body in ["{\"count\": ", "\"text\"", "\u{0}"] {
        store.put(&key, body.into(), Condition::Always).await?;
        let read = NUMBER.at(key.as_str()).read(store).await;
        let updated = NUMBER.at(key.as_str()).update(store, |count| *count += 1).await;
        for error in [read.err(), updated.err()] {
            match error {
                Some(StoreError::Unreadable { key: named, .. }) if named == key => {}
                other => return Err(BrokenPromise(format!("{body:?} read as a number: {other:?}"))),
            }
        }
        same("body", &body_of(store, &key).await?, &Some(body.as_bytes().to_vec()))?;
    }
    Ok(())
}

async fn bodies(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let key = format!("{place}body");
    // Every byte, and more than S3 takes in one part of an upload (5 MiB is the least).
    let large: Vec<u8> = (0..9_u32 << 20).map(|n| (n % 251) as u8).collect();
    for body in [Vec::new(), (0..=255).collect(), large] {
        store.put(&key, body.clone(), Condition::Always).await?;
        let found = body_of(store, &key).await?.unwrap_or_default();
        same("length", &found.len(), &body.len())?;
        if found != body {
            return Err(BrokenPromise(format!("a body of {} bytes came back changed", body.len())));
        }
    }
    Ok(())
}

async fn odd_keys(store: &impl Store, place: &str) -> Result<(), BrokenPromise> {
    let mut keys: Vec<String> = ODD_KEYS.iter().map(|key| format!("{place}{key}")).collect();
    write_all(store, &keys).await?;
    keys.sort_unstable();
    same("listing", &keys_of(store, place).await?, &keys)?;
    for (index, key) in keys.iter().enumerate() {
        same("body", &body_of(store, key).await?, &Some(key.clone().into_bytes()))?;
        same("listing of one", &keys_of(store, key).await?, &vec![key.clone()])?;
        let behind: Vec<String> = keys.iter().skip(index + 1).cloned().collect();
        same("behind it", &store.keys_after(place, key, usize::MAX).await?, &behind)?;
        conflict("IfAbsent", &store.put(key, Vec::new(), Condition::IfAbsent).await, key)?;
    }
    for key in &keys {
        store.delete(key).await?;
    }
    same("listing after deletion", &keys_of(store, place).await?, &Vec::new())
}

#[cfg(test)]
mod tests {
    use pawl_ledger::ledger::Memory;

    use super::*;

    #[tokio::test]
    async fn memory_keeps_every_promise() {
        let store = Memory::default();
        for property in Property::ALL {
            let checked = property.check(&store, "suite/").await;
            assert!(checked.is_ok(), "{property:?}: {checked:?}");
        }
    }

    /// A store that forgets conditions: the suite must notice.
    #[derive(Default)]
    struct Careless(Memory);

    impl Store for Careless {
        async fn get(&self, key: &str) -> Result<Option<pawl_ledger::ledger::Stored>, StoreError> {
            self.0.get(key).await
        }
        async fn put(&self, key: &str, body: Vec<u8>, _when: Condition) -> Result<ETag, StoreError> {
            self.0.put(key, body, Condition::Always).await
        }
        async fn list(&self, prefix: &str) -> Result<Vec<pawl_ledger::ledger::Listed>, StoreError> {
            let mut listed = self.0.list(prefix).await?;
            listed.truncate(1_000);
            Ok(listed)
        }
        async fn delete(&self, _key: &str) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_careless_store_is_found_out() {
        let store = Careless::default();
        let mut kept = Vec::new();
        for property in Property::ALL {
            if property.check(&store, "suite/").await.is_ok() {
                kept.push(property);
            }
        }
        // Memory never yields, so its updates do not overlap.
        use Property::{Bodies, KeysAfter, NoLostUpdate, ReadAfterWrite, Unreadable};
        assert_eq!(kept, [ReadAfterWrite, NoLostUpdate, KeysAfter, Unreadable, Bodies]);
    }
}
