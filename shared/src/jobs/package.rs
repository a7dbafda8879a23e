//! The package in the model registry: what it is made of, how it was judged, and where it comes from.

use std::collections::BTreeMap;

use super::text::on_one_line;
use super::{JSON_LINES, Job};
use crate::documents;
use crate::names::ContentHash;
use crate::requests::{
    ApprovalStatus, Bias, CreateModelPackage, CreateModelPackageGroup, DriftCheckBaselines, DriftCheckFiles,
    InferenceSpecification, MetricsFile, ModelMetrics, ModelQuality,
};

impl Job<'_> {
    /// CreateModelPackageGroup, named as the model.
    pub fn package_group(&self) -> CreateModelPackageGroup {
        CreateModelPackageGroup {
            model_package_group_name: self.pipeline.model.to_string(),
            model_package_group_description: "Challengers that Pawl has judged".to_owned(),
        }
    }

    /// CreateModelPackage, with metrics, drift baselines and lineage.
    pub fn package(
        &self,
        artifact: &str,
        status: ApprovalStatus,
        why: &str,
        lineage: BTreeMap<String, String>,
    ) -> CreateModelPackage {
        let description = format!("Pawl run {} of {}: {why}", self.generation, self.pipeline.model);
        let file =
            |name: &str| MetricsFile { content_type: "application/json".to_owned(), s3_uri: self.uri(name) };
        let quality = || ModelQuality { statistics: file(documents::EVALUATION.name()) };
        CreateModelPackage {
            model_metrics: Some(ModelMetrics {
                model_quality: quality(),
                bias: Bias { report: file(documents::ANALYSIS.name()) },
            }),
            // What later data may be compared with, by whatever reads Model Monitor's files.
            drift_check_baselines: Some(DriftCheckBaselines {
                model_data_quality: DriftCheckFiles {
                    statistics: file(documents::STATISTICS.name()),
                    constraints: file(documents::MONITOR_CONSTRAINTS.name()),
                },
                model_quality: quality(),
            }),
            ..self.bare_package(artifact, status, &description, lineage)
        }
    }

    /// CreateModelPackage in a further region. Metrics, baselines and lineage stand in the package at home,
    /// which it names.
    pub fn package_in_region(&self, artifact: &str, at_home: Option<&str>) -> CreateModelPackage {
        let description =
            format!("Pawl run {} of {}, promoted at home", self.generation, self.pipeline.model);
        let lineage = BTreeMap::from([
            ("pawl.generation".to_owned(), self.generation.to_string()),
            ("pawl.package".to_owned(), at_home.unwrap_or("unknown").to_owned()),
        ]);
        self.bare_package(artifact, ApprovalStatus::Approved, &description, lineage)
    }

    /// CreateModelPackage without metrics and baselines.
    fn bare_package(
        &self,
        artifact: &str,
        status: ApprovalStatus,
        description: &str,
        lineage: BTreeMap<String, String>,
    ) -> CreateModelPackage {
        CreateModelPackage {
            model_package_group_name: self.pipeline.model.to_string(),
            model_package_description: on_one_line(description),
            client_token: self.token(),
            model_approval_status: status,
            inference_specification: InferenceSpecification {
                containers: vec![self.container(artifact)],
                supported_content_types: vec![JSON_LINES.to_owned()],
                supported_response_mime_types: vec![JSON_LINES.to_owned()],
            },
            model_metrics: None,
            drift_check_baselines: None,
            customer_metadata_properties: lineage,
        }
    }

    /// At most 36 characters, which a name may exceed; the same name gives the same token.
    fn token(&self) -> String {
        ContentHash::of(self.name.as_bytes()).short().to_owned()
    }
}
