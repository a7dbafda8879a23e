//! Reading a `pipeline.yaml`, and what follows from it.

use super::{Data, Feedback, Pipeline, PipelineError, check, yaml};
use crate::profile::Grouping;

/// The largest `pipeline.yaml` that is read, in bytes.
const LARGEST: usize = 1 << 20;

impl Pipeline {
    /// Reads and checks a `pipeline.yaml`, and fills in what the gate's section leaves open.
    ///
    /// # Errors
    /// [`PipelineError`], with the field, what stands there and what would be right.
    pub fn parse(yaml: &[u8]) -> Result<Self, PipelineError> {
        let pipeline = Self::read(yaml)?;
        check::check(&pipeline)?;
        Ok(pipeline)
    }

    /// Reads a `pipeline.yaml` that a release has accepted, this one or an earlier one: today's stricter
    /// checks must not make unreadable what a model was made of that serves.
    ///
    /// # Errors
    /// [`PipelineError::Unreadable`].
    pub fn read(yaml: &[u8]) -> Result<Self, PipelineError> {
        if yaml.len() > LARGEST {
            return Err(PipelineError::Unreadable(format!("larger than {LARGEST} bytes")));
        }
        let text = std::str::from_utf8(yaml)
            .map_err(|e| PipelineError::Unreadable(format!("not UTF-8 at byte {}", e.valid_up_to())))?;
        yaml::read(text).map_err(PipelineError::Unreadable)
    }

    /// Whether an object with this bucket and key is data of this pipeline.
    pub fn takes(&self, bucket: &str, key: &str) -> bool {
        self.data.bucket == bucket && key.starts_with(&self.data.prefix)
    }

    /// The features that new data is compared by.
    pub fn compared(&self) -> impl Iterator<Item = &String> {
        self.data.features.iter().filter(|name| !self.compare.leave_out.contains(name))
    }

    /// Which rows of new data belong together; none where they are taken as independent.
    pub fn grouping(&self) -> Option<Grouping> {
        let cluster = self.compare.cluster.clone().map(Grouping::Cluster);
        cluster.or_else(|| {
            let (block, time) = (self.compare.block?, self.data.schema.time.as_ref()?);
            let (date, hour) = (Some(time.date.clone()), time.hour.clone());
            Some(Grouping::Block { date, hour, seconds: block.seconds() })
        })
    }

    /// The columns that `data` and `feedback` name, each once: those of the time order, the label,
    /// the features, the context, and who selected a row.
    pub fn columns(&self) -> Vec<String> {
        let Data { schema, label, features, context, .. } = &self.data;
        let time = schema.time.iter().flat_map(|time| std::iter::once(&time.date).chain(&time.hour));
        let feedback = self.feedback.iter().flat_map(Feedback::columns);
        let mut columns: Vec<String> = Vec::new();
        for name in time.chain([&label.column]).chain(features).chain(context).chain(feedback) {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        columns
    }
}
