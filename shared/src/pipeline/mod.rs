//! The `pipeline.yaml` that a team writes: types, defaults, checks.

mod span;

pub use span::{Span, SpanError};
