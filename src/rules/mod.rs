//! The rules: one file and one page each.
//!
//! In: the frozen [`Program`]. Out: findings. A rule asks and tells; it walks no tree and keeps no worklist.
mod pool_per_call;
mod retry_on_generator;
mod unmanaged_session;
mod unreleased_client;

use crate::finding::{Finding, Level};
use crate::program::Program;

/// A rule.
pub trait Rule: Sync {
    /// Its page: front matter and documentation.
    fn page(&self) -> &'static str;

    /// Reports what it finds.
    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>);

    /// Its id.
    fn id(&self) -> &'static str {
        field(self.page(), "id").unwrap_or_default()
    }

    /// Its level.
    fn level(&self) -> Level {
        field(self.page(), "level")
            .and_then(Level::parse)
            .unwrap_or(Level::Warning)
    }
}

/// Every rule, in the order of the documentation.
pub const RULES: &[&dyn Rule] = &[
    &unreleased_client::UnreleasedClient,
    &unmanaged_session::UnmanagedSession,
    &pool_per_call::PoolPerCall,
    &retry_on_generator::RetryOnGenerator,
];

/// A field of a page's front matter.
pub fn field(page: &'static str, name: &str) -> Option<&'static str> {
    let (_, rest) = page.split_once("---\n")?;
    let (matter, _) = rest.split_once("\n---")?;
    matter.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}
