//! The part of `crc-fast` 1.10 that the S3 SDK calls, over the crate `crc`.
//!
//! The original chooses among some fifty algorithms when it runs, so the tables of all of them are linked: 0.7 MB in each
//! function that no zip makes smaller. S3 knows three:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>.

use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Table};

type Wide = Table<16>;

static ISO_HDLC: Crc<u32, Wide> = Crc::<u32, Wide>::new(&CRC_32_ISO_HDLC);
static ISCSI: Crc<u32, Wide> = Crc::<u32, Wide>::new(&CRC_32_ISCSI);
static NVME: Crc<u64, Wide> = Crc::<u64, Wide>::new(&CRC_64_NVME);

/// The checksums that S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// CRC32.
    Crc32IsoHdlc,
    /// CRC32C.
    Crc32Iscsi,
    /// CRC64NVME.
    Crc64Nvme,
}

/// A checksum in the making.
pub struct Digest(State);

enum State {
    Bits32(crc::Digest<'static, u32, Wide>),
    Bits64(crc::Digest<'static, u64, Wide>),
}

impl Digest {
    /// Begins a checksum.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Bits32(ISO_HDLC.digest()),
            CrcAlgorithm::Crc32Iscsi => State::Bits32(ISCSI.digest()),
            CrcAlgorithm::Crc64Nvme => State::Bits64(NVME.digest()),
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Bits32(digest) => digest.update(bytes),
            State::Bits64(digest) => digest.update(bytes),
        }
    }

    /// The checksum, in the lowest bits.
    pub fn finalize(self) -> u64 {
        match self.0 {
            State::Bits32(digest) => u64::from(digest.finalize()),
            State::Bits64(digest) => digest.finalize(),
        }
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of CRCs, in two pieces: <https://reveng.sourceforge.io/crc-catalogue/all.htm>.
    #[test]
    fn the_catalogues_check_values_come_out() {
        let check = |algorithm| {
            let mut digest = Digest::new(algorithm);
            digest.update(b"1234");
            digest.update(b"56789");
            digest.finalize()
        };
        assert_eq!(check(CrcAlgorithm::Crc32IsoHdlc), 0xcbf4_3926);
        assert_eq!(check(CrcAlgorithm::Crc32Iscsi), 0xe306_9283);
        assert_eq!(check(CrcAlgorithm::Crc64Nvme), 0xae8b_1486_0a79_9888);
    }
}
