//! poolgate: finds, before the deploy, what exhausts a database's connections after it.
//!
//! ```text
//! discover -> Sources -> syntax -> lower -> ir -> link -> flow -> Program -> rules -> Findings -> report
//!                                            ^             ^
//!                                          library data (rules/libraries/*.toml)
//! ```
//!
//! Modules stand in pipeline order; each may use those above it, never those below (`tests/architecture.rs`).

pub mod cli;
pub mod config;
pub mod discover;
pub mod error;
pub mod finding;
pub mod ir;
pub mod lower;
pub mod program;
pub mod progress;
pub mod report;
pub mod source;
pub mod suppress;
pub mod symbol;
pub mod syntax;
