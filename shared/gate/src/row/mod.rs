//! One row of a holdout, as it was written: its label, what both models predict, and how they served it.

pub mod classes;
mod paired;
mod response;
mod side;
mod value;

pub use classes::Classes;
pub use paired::Row;
pub(crate) use response::LATENCY;
pub use response::{Answered, Answers};
pub use side::{Against, Side};
pub use value::{Part, Unfit, Value, scalar};
