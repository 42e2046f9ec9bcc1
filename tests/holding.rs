//! The transaction rules against reality: every function of the corpus in `tests/oracle/holding` really runs, and what
//! it really holds while it waits for somebody else must be what is reported, where it is reported.
//!
//! `tests/oracle/holding-limits.json` lists the functions on which it does not agree yet, each with its reason; one that
//! agrees after all fails, so the list stays true.
mod measured;

use libtest_mimic::{Arguments, Failed, Trial};
use measured::{Found, Lines};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

const IN_TRANSACTION: &str = "external-call-in-transaction";
const HOLDING_CLIENT: &str = "external-call-holding-client";
const NESTED: &str = "nested-checkout";
const UNFINISHED: &str = "unfinished-transaction";
/// The name of the trial of all code that belongs to no function of the corpus.
const HELPERS: &str = "helpers";
const LEAKS: [&str; 2] = ["unreleased-client", "unmanaged-session"];

/// A place at which something was seen to be held, and the calls that led there.
struct Seen {
    rule: &'static str,
    chain: Vec<Lines>,
    witness: String,
}

impl Seen {
    /// Whether a finding speaks of this: it stands at one of the calls.
    fn is_told_by(&self, found: &Found) -> bool {
        found.rule == self.rule && self.chain.iter().any(|call| found.primary().hold(call))
    }
}

/// One function of the corpus with its measured truth.
struct Case {
    name: String,
    lines: Lines,
    seen: Vec<Seen>,
    unfinished: Option<Unfinished>,
}

/// A transaction that nobody ends.
struct Unfinished {
    witness: String,
    /// Its connection does not go back either.
    leaks: bool,
    /// The calls of that run.
    visited: Vec<Lines>,
}

impl Unfinished {
    fn is_told_by(&self, found: &Found) -> bool {
        let rule = found.rule == UNFINISHED || self.leaks && LEAKS.contains(&found.rule);
        let mut places = found.places.iter();
        rule && places.any(|place| self.visited.iter().any(|call| place.hold(call)))
    }
}

fn main() -> io::Result<()> {
    let arguments = Arguments::from_args();
    if arguments.list {
        // Listing needs no measurement.
        libtest_mimic::run(&arguments, Vec::new()).exit();
    }
    let cases: Vec<_> = measured::measure("holding")?.iter().map(case).collect();
    let rules = [
        &[IN_TRANSACTION, HOLDING_CLIENT, NESTED, UNFINISHED],
        &LEAKS[..],
    ]
    .concat();
    let projects = ["python", "autocommit", "javascript"];
    let found = measured::findings(&measured::folder().join("holding"), &projects, &rules);
    let limits = measured::limits("holding-limits.json");
    let mut trials: Vec<_> = cases
        .iter()
        .map(|case| {
            let limit = limits.get(&case.name).cloned();
            let disagreements = disagreements(case, &cases, &found);
            Trial::test(&case.name, move || {
                verdict(&disagreements, limit.as_deref())
            })
        })
        .collect();
    let elsewhere = elsewhere(&cases, &found);
    let limit = limits.get(HELPERS).cloned();
    trials.push(Trial::test(HELPERS, move || {
        verdict(&elsewhere, limit.as_deref())
    }));
    let balance = balance(&cases, &limits);
    trials.push(Trial::test("corpus", move || verdict(&balance, None)));
    libtest_mimic::run(&arguments, trials).exit()
}

fn case(row: &Value) -> Case {
    let list = |key: &str| row[key].as_array().cloned().unwrap_or_default();
    let sinks = list("sinks").into_iter().filter_map(|sink| {
        let rule = match sink["held"].as_str()? {
            "transaction" => IN_TRANSACTION,
            "client" => HOLDING_CLIENT,
            _ => return None,
        };
        Some(seen(rule, &sink))
    });
    let nested = list("nested").into_iter().map(|wait| seen(NESTED, &wait));
    Case {
        name: format!(
            "{} {}",
            measured::text(row, "file"),
            measured::text(row, "function")
        ),
        lines: measured::function(row),
        seen: sinks.chain(nested).collect(),
        unfinished: (row["unfinished"] == true).then(|| Unfinished {
            witness: measured::text(row, "witness"),
            leaks: row["leaks"] == true,
            visited: calls(&row["visited"]),
        }),
    }
}

fn seen(rule: &'static str, row: &Value) -> Seen {
    Seen {
        rule,
        chain: calls(&row["chain"]),
        witness: measured::text(row, "witness"),
    }
}

fn calls(list: &Value) -> Vec<Lines> {
    let calls = list.as_array().into_iter().flatten();
    let call = |call: &Value| {
        let line = call[1].as_u64()?;
        Some(Lines {
            file: call[0].as_str()?.to_owned(),
            first: line,
            last: line,
        })
    };
    calls.filter_map(call).collect()
}

/// What is missed in a function, and what is reported in it that nobody saw.
fn disagreements(case: &Case, cases: &[Case], found: &[Found]) -> Vec<String> {
    let missed = case
        .seen
        .iter()
        .filter(|seen| !found.iter().any(|found| seen.is_told_by(found)));
    let mut all: Vec<_> = missed
        .map(|seen| format!("missed: {}", describe(seen)))
        .collect();
    if let Some(unfinished) = &case.unfinished
        && !found.iter().any(|found| unfinished.is_told_by(found))
    {
        all.push(format!("missed: {UNFINISHED} ({})", unfinished.witness));
    }
    let inside = found
        .iter()
        .filter(|found| case.lines.hold(found.primary()));
    let wrong = inside.filter(|found| !is_true(found, cases));
    all.extend(wrong.map(|found| format!("not so: {found}")));
    all
}

fn describe(seen: &Seen) -> String {
    let calls: Vec<_> = seen
        .chain
        .iter()
        .map(|call| format!("{}:{}", call.file, call.first))
        .collect();
    format!("{} at {} ({})", seen.rule, calls.join(" > "), seen.witness)
}

/// Whether any function of the corpus was seen to do what a finding says.
fn is_true(found: &Found, cases: &[Case]) -> bool {
    let mut seen = cases.iter().flat_map(|case| &case.seen);
    let mut unfinished = cases.iter().filter_map(|case| case.unfinished.as_ref());
    match found.rule {
        UNFINISHED => unfinished.any(|unfinished| {
            let mut visited = unfinished.visited.iter();
            visited.any(|call| found.primary().hold(call))
        }),
        rule if LEAKS.contains(&rule) => true, // another oracle's business
        _ => seen.any(|seen| seen.is_told_by(found)),
    }
}

/// What is reported in helpers and classes that nobody saw.
fn elsewhere(cases: &[Case], found: &[Found]) -> Vec<String> {
    let outside = |found: &&Found| !cases.iter().any(|case| case.lines.hold(found.primary()));
    let wrong = found
        .iter()
        .filter(outside)
        .filter(|found| !is_true(found, cases));
    wrong.map(|found| format!("not so: {found}")).collect()
}

/// What is wrong with the corpus itself, or with the list of limits.
fn balance(cases: &[Case], limits: &BTreeMap<String, String>) -> Vec<String> {
    let known: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    let stale = limits
        .keys()
        .filter(|limit| *limit != HELPERS && !known.contains(limit));
    let mut all: Vec<_> = stale
        .map(|limit| format!("no such function: {limit}"))
        .collect();
    let faulty = |case: &&Case| !case.seen.is_empty() || case.unfinished.is_some();
    let (count, faulty) = (cases.len(), cases.iter().filter(faulty).count());
    if count < 120 || faulty * 5 < count * 2 || faulty * 5 > count * 3 {
        all.push(format!(
            "{faulty} of {count} functions are at fault: out of balance"
        ));
    }
    all
}

fn verdict(disagreements: &[String], limit: Option<&str>) -> Result<(), Failed> {
    match (disagreements.is_empty(), limit) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(limit)) => {
            Err(format!("agrees now; remove it from holding-limits.json ({limit})").into())
        }
        (false, None) => Err(disagreements.join("\n").into()),
    }
}
