//! Arguments that several verbs share.

use pawl::ledger::Keys;
use pawl::names::{ModelName, RegionName};

// The model that a verb is about.
#[derive(Debug, clap::Args)]
pub(crate) struct Model {
    /// The model's name, as in its pipeline.yaml
    #[arg(value_name = "MODEL", value_parser = name)]
    pub(crate) model: ModelName,
}

// The reason that the history keeps.
#[derive(Debug, clap::Args)]
pub(crate) struct Why {
    /// Why, for the history
    #[arg(long, value_name = "TEXT", value_parser = text)]
    pub(crate) why: String,
}

// What a person does to a model, and why.
#[derive(Debug, clap::Args)]
pub(crate) struct ModelAndWhy {
    #[command(flatten)]
    pub(crate) model: Model,
    #[command(flatten)]
    pub(crate) why: Why,
}

// The region whose release is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Place {
    /// The release in this further region, instead of the one at home
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(crate) region: Option<RegionName>,
}

impl Place {
    /// The keys of a model's release there.
    pub(crate) fn keys(&self, model: &ModelName) -> Keys {
        let home = Keys::new(model);
        self.region.as_ref().map_or_else(|| home.clone(), |region| home.in_region(region))
    }
}

fn region(text: &str) -> Result<RegionName, String> {
    RegionName::try_from(text.to_owned()).map_err(|e| e.reason.to_owned())
}

fn name(text: &str) -> Result<ModelName, String> {
    ModelName::try_from(text.to_owned()).map_err(|e| e.reason.to_owned())
}

/// A text with at least one letter or digit, on one line: the registry takes no line breaks.
pub(crate) fn text(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_alphanumeric) {
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    } else {
        Err("say why in a few words".to_owned())
    }
}
