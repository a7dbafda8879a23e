//! How text is written, as the command line says it.

use pawl::dataset::{Encoding, Schema};

use crate::reply::Failure;

// How rows of text are written. No doc comment: clap would take it for the description of the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Writing {
    /// The character between fields, or the word tab. Default: found in the data
    #[arg(long, value_name = "CHARACTER")]
    delimiter: Option<String>,
    /// Whether the first row names the columns: yes or no; else they are called column_1, column_2 and so on
    #[arg(long, value_name = "YES|NO", value_parser = yes_or_no)]
    header: Option<bool>,
    /// How many lines to pass over at the beginning. Default: found in the data
    #[arg(long, value_name = "LINES")]
    skip: Option<u64>,
    /// What stands around a field that holds separators. Default: "
    #[arg(long, value_name = "CHARACTER")]
    quote: Option<String>,
    /// What stands before a quote within a quoted field. Default: another quote
    #[arg(long, value_name = "CHARACTER")]
    escape: Option<String>,
    /// Lines that begin with this character are passed over
    #[arg(long, value_name = "CHARACTER")]
    comment: Option<String>,
    /// The encoding of the text, such as latin1 or utf-16le. Default: found in the data
    #[arg(long, value_name = "LABEL")]
    encoding: Option<String>,
}

impl Writing {
    /// Puts into a schema what is said here.
    pub(crate) fn apply(&self, schema: &mut Schema) -> Result<(), Failure> {
        for (name, said, place) in [
            ("--delimiter", &self.delimiter, &mut schema.delimiter),
            ("--quote", &self.quote, &mut schema.quote),
            ("--escape", &self.escape, &mut schema.escape),
            ("--comment", &self.comment, &mut schema.comment),
        ] {
            if let Some(text) = said {
                *place = Some(character(name, text)?);
            }
        }
        if schema.delimiter == Some('"') {
            return Err(Failure::cannot_run("--delimiter: a quote parts no fields: give another character"));
        }
        schema.header = self.header.or(schema.header);
        schema.skip = self.skip.or(schema.skip);
        if let Some(label) = &self.encoding {
            let encoding = Encoding::try_from(label.clone());
            schema.encoding =
                Some(encoding.map_err(|reason| Failure::cannot_run(format!("--encoding: {reason}")))?);
        }
        Ok(())
    }
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err("give yes or no".to_owned()),
    }
}

fn character(name: &str, text: &str) -> Result<char, Failure> {
    let character = match text {
        "tab" | "\\t" => Some('\t'),
        text => text.chars().next().filter(|c| c.is_ascii() && text.len() == 1),
    };
    character.filter(|character| !"\r\n".contains(*character)).ok_or_else(|| {
        Failure::cannot_run(format!("{name} {text:?}: give one ASCII character, or the word tab"))
    })
}
