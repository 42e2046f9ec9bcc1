//! The rules: one file and one page each.
//!
//! In: the frozen [`Program`]. Out: findings. A rule asks and tells; it walks no tree and keeps no worklist. Its id,
//! group, level, precision and summary are what its page says.
mod nested_checkout;
mod pool_per_call;
mod query_loop_in_transaction;
mod retry_on_generator;
mod unbounded_fanout;
mod unfinished_transaction;
mod unmanaged_session;
mod unreleased_client;
mod unused_suppression;
mod waits;

use crate::finding::{Finding, Level, Precision, RuleInfo};
use crate::program::Program;
use std::sync::LazyLock;

/// A rule.
pub trait Rule: Sync {
    /// Its page: front matter and documentation.
    fn page(&self) -> &'static str;

    /// Reports what it finds.
    fn check(&self, program: &Program<'_>, findings: &mut Vec<Finding>);

    /// What the page says of it.
    fn info(&self) -> RuleInfo {
        let page = self.page();
        let precision = match field(page, "precision") {
            Some("very-high") => Precision::VeryHigh,
            Some("medium") => Precision::Medium,
            Some("low") => Precision::Low,
            _ => Precision::High,
        };
        RuleInfo {
            id: id(page),
            group: field(page, "group").unwrap_or("meta"),
            level: field(page, "level")
                .and_then(Level::parse)
                .unwrap_or(Level::Warning),
            summary: field(page, "summary").unwrap_or_default(),
            page: body(page),
            precision,
        }
    }
}

/// Every rule, in the order of the documentation.
pub const RULES: &[&dyn Rule] = &[
    &unreleased_client::UnreleasedClient,
    &unmanaged_session::UnmanagedSession,
    &pool_per_call::PoolPerCall,
    &retry_on_generator::RetryOnGenerator,
    &nested_checkout::NestedCheckout,
    &waits::ExternalCallInTransaction,
    &waits::ExternalCallHoldingClient,
    &unfinished_transaction::UnfinishedTransaction,
    &query_loop_in_transaction::QueryLoopInTransaction,
    &unbounded_fanout::UnboundedFanout,
    &unused_suppression::UnusedSuppression,
];

/// What every rule says of itself, in the same order.
pub static INFOS: LazyLock<Vec<RuleInfo>> =
    LazyLock::new(|| RULES.iter().map(|rule| rule.info()).collect());

/// Runs every rule.
pub fn check(program: &Program<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule.check(program, &mut findings);
    }
    findings.sort_by(|a, b| (a.primary, a.rule).cmp(&(b.primary, b.rule)));
    findings.dedup_by(|a, b| (a.primary, a.rule) == (b.primary, b.rule));
    findings
}

/// A field of a page's front matter.
fn field(page: &'static str, name: &str) -> Option<&'static str> {
    let matter = page.strip_prefix("---\n")?.split("\n---\n").next()?;
    matter.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// A page without its front matter.
fn body(page: &'static str) -> &'static str {
    let body = page
        .strip_prefix("---\n")
        .and_then(|rest| rest.split_once("\n---\n"));
    body.map_or(page, |(_, body)| body.trim_start())
}

/// The id: the page's first heading.
fn id(page: &'static str) -> &'static str {
    body(page)
        .lines()
        .find_map(|line| line.strip_prefix("# "))
        .unwrap_or_default()
        .trim()
}
