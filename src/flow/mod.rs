//! What happens along the paths of functions.
//!
//! In: the linked program. Out: for each place where a client or session is taken, the ways on which it stays
//! held; for each function, what it does to its caller's resources. One engine ([`engine`]) runs every analysis;
//! [`summary`] carries facts over the call graph; [`witness`] tells the story of one path.
pub mod automatic;
pub mod begins;
pub mod collections;
pub mod context;
pub mod engine;
mod executors;
pub mod fanouts;
pub mod handed;
pub mod held;
pub mod holds;
pub mod leaks;
mod locks;
pub mod loops;
pub mod nested;
mod options;
pub mod order;
pub mod pools;
mod private;
mod queries;
pub mod reach;
pub mod reached;
mod rounds;
pub mod sites;
pub mod summary;
pub mod targets;
pub mod text;
pub mod unended;
pub mod waits;
pub mod witness;
