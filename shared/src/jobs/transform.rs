//! The scores of the holdout, by the challenger and by the champion.

use super::text::tail;
use super::{JSON_LINES, Job, volume_key};
use crate::documents;
use crate::gate::Contender;
use crate::requests::{
    CreateTransformJob, DataProcessing, TransformInput, TransformOutput, TransformResources,
};

impl Job<'_> {
    /// CreateTransformJob: scores the holdout. The filter lets the model see only the features; the join
    /// keeps row and label beside the score.
    pub fn transform(&self, contender: Contender, model_name: &str) -> CreateTransformJob {
        CreateTransformJob {
            // SageMaker's limit is 63 characters.
            transform_job_name: format!("{}-{}", tail(self.name, 52), contender.as_str()),
            model_name: model_name.to_owned(),
            batch_strategy: "MultiRecord",
            max_payload_mb: 6,
            transform_input: TransformInput {
                content_type: JSON_LINES,
                split_type: "Line",
                data_source: self.manifest(documents::HOLDOUT_OBJECTS.name(), None),
            },
            transform_output: TransformOutput {
                s3_output_path: self.uri(&format!("scores/{}", contender.as_str())),
                accept: JSON_LINES,
                assemble_with: "Line",
                kms_key_id: self.serving_key(),
            },
            data_processing: DataProcessing { input_filter: "$.features", join_source: "Input" },
            transform_resources: TransformResources {
                instance_type: self.pipeline.serve.scoring_instance_type.clone(),
                instance_count: 1,
                volume_kms_key_id: volume_key(self.serving_key(), &self.pipeline.serve.scoring_instance_type),
            },
            tags: self.tags(),
        }
    }
}
