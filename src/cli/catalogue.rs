//! The rules as the command line shows them.
//!
//! Stub: names and summaries of the contract, until the rules bring their own.
use crate::finding::{Level, Precision, RuleInfo};

const fn rule(
    id: &'static str,
    group: &'static str,
    level: Level,
    summary: &'static str,
) -> RuleInfo {
    RuleInfo {
        id,
        group,
        level,
        summary,
        page: summary,
        precision: Precision::High,
    }
}

/// Every rule, in the order of the documentation.
pub(super) const RULES: &[RuleInfo] = &[
    rule(
        "unreleased-client",
        "leak",
        Level::Error,
        "A client checked out of a pool is not given back on some path",
    ),
    rule(
        "unmanaged-session",
        "leak",
        Level::Error,
        "A session or connection is not closed on some path",
    ),
    rule(
        "pool-per-call",
        "leak",
        Level::Error,
        "A pool is made anew for each call",
    ),
    rule(
        "nested-checkout",
        "leak",
        Level::Error,
        "A second connection of a pool is requested while one is held",
    ),
    rule(
        "external-call-in-transaction",
        "transaction",
        Level::Error,
        "A transaction waits for something outside the database",
    ),
    rule(
        "external-call-holding-client",
        "transaction",
        Level::Warning,
        "A held client waits for something outside the database",
    ),
    rule(
        "unfinished-transaction",
        "transaction",
        Level::Error,
        "A transaction is neither committed nor rolled back on some path",
    ),
    rule(
        "query-loop-in-transaction",
        "transaction",
        Level::Warning,
        "A transaction queries once for each element of an unbounded collection",
    ),
    rule(
        "unbounded-fanout",
        "transaction",
        Level::Warning,
        "Each element of an unbounded list takes a connection at once",
    ),
    rule(
        "retry-on-generator",
        "leak",
        Level::Warning,
        "A retry decorator on a generator function retries nothing",
    ),
    rule(
        "unindexed-predicate",
        "query",
        Level::Warning,
        "A query filters by columns without an index",
    ),
    rule(
        "unbounded-read",
        "query",
        Level::Warning,
        "A query reads a large table whole",
    ),
    rule(
        "pool-over-budget",
        "budget",
        Level::Error,
        "The pools may open more connections than the database accepts",
    ),
    rule(
        "missing-pool-timeout",
        "budget",
        Level::Note,
        "A caller would wait for a connection for ever",
    ),
    rule(
        "invalid-pool-option",
        "budget",
        Level::Warning,
        "An option that the driver or pool would reject or ignore",
    ),
    rule(
        "cron-over-budget",
        "budget",
        Level::Error,
        "Scheduled jobs need more connections or time than there is",
    ),
    rule(
        "cron-mismatch",
        "budget",
        Level::Warning,
        "A schedule contradicts its own name, or is read otherwise than written",
    ),
    rule(
        "invalid-cron",
        "budget",
        Level::Error,
        "A schedule that its scheduler would reject",
    ),
    rule(
        "unused-suppression",
        "meta",
        Level::Note,
        "A suppression that suppresses nothing or gives no reason",
    ),
];
