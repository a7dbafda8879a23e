//! What an object under a pipeline's prefix is, by its name.

use super::Pipeline;

/// Ends of names of checksums that lie beside files of data.
const CHECKSUMS: [&str; 5] = [".crc", ".md5", ".sha1", ".sha256", ".sha512"];

/// What an object under a pipeline's prefix is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectRole {
    /// It is read.
    Data,
    /// The marker file: it completes a batch.
    Marker,
    /// Another program's own file: hidden, or a checksum. It is left out.
    NotData,
}

impl Pipeline {
    /// What the object with this key is. As readers of data lakes have it, a name or folder behind the prefix
    /// that begins with `.` or `_` is hidden (`_SUCCESS`, `_committed_1`, `_temporary/…`), but for
    /// partitions such as `_day=1`. Source: Hadoop's `FileInputFormat` and Spark's `InMemoryFileIndex`.
    pub fn role_of(&self, key: &str) -> ObjectRole {
        let behind = key.strip_prefix(&self.data.prefix).unwrap_or(key);
        let is_hidden = |part: &str| part.starts_with('.') || (part.starts_with('_') && !part.contains('='));
        if self.settle.is_marker(key) {
            ObjectRole::Marker
        } else if behind.split('/').any(is_hidden) || CHECKSUMS.iter().any(|end| behind.ends_with(end)) {
            ObjectRole::NotData
        } else {
            ObjectRole::Data
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn other_programs_files_are_no_data() {
        let text = "model: m\ntrain: {image: i}\nsettle: {marker: _DONE}\n\
                    data: {bucket: b, prefix: _raw/x/, label: {column: y}, features: [a]}\n";
        let pipeline = Pipeline::parse(text.as_bytes()).unwrap();
        for (name, role) in [
            ("a.csv", ObjectRole::Data),
            ("day=1/part-0.parquet", ObjectRole::Data),
            ("_day=1/part-0.parquet", ObjectRole::Data),
            ("a_b.csv", ObjectRole::Data),
            ("_DONE", ObjectRole::Marker),
            ("day=1/_DONE", ObjectRole::Marker),
            ("_SUCCESS", ObjectRole::NotData),
            ("day=1/_committed_17", ObjectRole::NotData),
            ("_temporary/0/part-0.csv", ObjectRole::NotData),
            (".part-0.csv.crc", ObjectRole::NotData),
            ("part-0.csv.crc", ObjectRole::NotData),
            ("part-0.csv.sha256", ObjectRole::NotData),
            (".ipynb_checkpoints/a.csv", ObjectRole::NotData),
        ] {
            assert_eq!(pipeline.role_of(&format!("_raw/x/{name}")), role, "{name}");
        }
    }
}
