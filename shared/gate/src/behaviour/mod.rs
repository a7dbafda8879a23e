//! What a model must do whatever its scores are: a suite that the team writes, answered by the model itself.
//!
//! The suite's rows go through the same transforms as the holdout, challenger's and champion's, so they run
//! in the very program that will serve. The kinds of test are those of CheckList (Ribeiro and others 2020):
//! must-pass cases, invariance, direction; beside them missing values and small noise.

mod answers;
mod rows;
#[cfg(test)]
mod tests;

pub use answers::SuiteAnswers;
