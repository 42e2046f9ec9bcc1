//! poolgate: finds, before the deploy, what exhausts a database's connections after it.
//!
//! ```text
//! discover -> Sources -> syntax -> lower -> ir -> link -> flow -> Program -> rules -> Findings -> report
//!                                            ^             ^
//!                                          library data (rules/libraries/*.toml)
//! ```
//!
//! Modules stand in pipeline order; each may use those above it, never those below (`tests/architecture.rs`).

pub mod finding;
pub mod flow;
pub mod ir;
pub mod library;
pub mod link;
pub mod lower;
pub mod program;
pub mod rules;
pub mod source;
pub mod symbol;
pub mod syntax;
