//! poolgate: finds, before the deploy, what exhausts a database's connections after it.
//!
//! ```text
//! discover -> Sources -> syntax -> lower -> ir -> link -> flow -> Program -> rules -> Findings -> report
//!                                            ^             ^
//!                                          library data (rules/libraries/*.toml)
//! ```
//!
//! Modules stand in pipeline order; each may use those above it, never those below (`tests/architecture.rs`).

pub mod symbol;

pub mod source;

pub mod error;

pub mod finding;

pub mod config;

pub mod progress;

pub mod syntax;

pub mod ir;

pub mod library;

pub mod lower;

pub mod link;

pub mod flow;

pub mod program;

pub mod rules;

pub mod suppress;

pub mod report;

pub mod discover;

pub mod cli;
