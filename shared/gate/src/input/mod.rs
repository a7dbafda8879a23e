//! From bytes to rows: joined transform outputs, and tables of both models' predictions.

mod columns;
mod json_table;
mod line;
mod lines;
mod output;
mod pair_error;
mod pairs;
mod table;
mod table_error;

pub use columns::{ServedColumns, TableColumns};
pub use json_table::JsonTableReader;
pub(crate) use line::Line;
pub use lines::MAX_BUFFERED;
pub use output::ContainerOutput;
pub use pair_error::PairError;
pub use pairs::PairReader;
pub use table::TableReader;
pub use table_error::TableError;
