//! One row of a holdout, as it was written: its label, what both models predict, and how they served it.

pub mod classes;
mod paired;
mod response;
mod side;
mod value;

pub use classes::Classes;
pub use paired::PairedRow;
pub(crate) use response::LATENCY;
pub use response::{Response, Responses};
pub use side::{Against, Contender};
pub use value::{RowPart, RowValue, Unfit, scalar};
