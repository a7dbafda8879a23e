//! What a model must do whatever its scores are: a suite that the team writes, answered by the model itself.
//!
//! The suite's rows go through the same transforms as the holdout, challenger's and champion's, so they run
//! in the very program that will serve. The kinds of test are those of CheckList (Ribeiro and others 2020):
//! must-pass cases, invariance, direction; beside them missing values and small noise.
//!
//! ```
//! use pawl_gate::behaviour::SuiteAnswers;
//! use pawl_gate::policy::BehaviourPolicy;
//! use pawl_gate::{Code, Contender, Task};
//!
//! let suite: BehaviourPolicy = serde_json::from_str(
//!     r#"{"cases": [{"name": "cold is quiet", "row": {"temp": 0}, "expect": {"at_most": 0.2}}]}"#,
//! )?;
//! let rows = suite.lines(&["temp".to_owned()], &[], 7);
//! assert_eq!(rows.len(), 2); // the row as it is, and changed
//!
//! // The transform joins the model's answers to the rows.
//! let mut answers = SuiteAnswers::default();
//! for row in &rows {
//!     let answered = row.replacen('{', r#"{"SageMakerOutput": {"score": 0.1}, "#, 1);
//!     answers.push(answered.as_bytes(), Contender::Challenger, Task::Binary)?;
//! }
//! assert_eq!(suite.judge(Task::Binary, &answers, None)[0].code, Code::BehaviourHeld);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod rows;
#[cfg(test)]
mod tests;

pub use answers::SuiteAnswers;
