//! The leak rules against reality: every function of the corpus in `tests/oracle` really runs against a real pool under
//! fault injection, and the static verdict must agree with the pool's count.
//!
//! `tests/oracle/known-limits.json` lists the functions on which it does not agree yet, each with its reason; one that
//! agrees after all fails, so the list stays true.
mod measured;

use libtest_mimic::{Arguments, Failed, Trial};
use measured::{Found, Lines};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// One function of the corpus with its measured truth.
struct Case {
    function: String,
    lines: Lines,
    leaks: bool,
    witness: String,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::from_args();
    if arguments.list {
        // Listing needs no measurement.
        libtest_mimic::run(&arguments, Vec::new()).exit();
    }
    let cases: Vec<_> = measured::measure("run")?.iter().map(case).collect();
    let found = measured::findings(
        &measured::folder(),
        &["python", "javascript"],
        &["unreleased-client", "unmanaged-session"],
    );
    let limits = measured::limits("known-limits.json");
    let mut trials: Vec<_> = cases
        .iter()
        .map(|case| trial(case, &found, &limits))
        .collect();
    let known: BTreeSet<_> = cases.iter().map(name).collect();
    let stale: Vec<_> = limits
        .keys()
        .filter(|limit| !known.contains(*limit))
        .cloned()
        .collect();
    let corpus = (cases.len(), cases.iter().filter(|case| case.leaks).count());
    trials.push(Trial::test("corpus", move || {
        if !stale.is_empty() {
            return Err(format!("known limits name no function: {stale:?}").into());
        }
        let (count, leaking) = corpus;
        if count < 120 || leaking * 5 < count * 2 || leaking * 5 > count * 3 {
            return Err(format!(
                "{leaking} of {count} functions leak: the corpus is out of balance"
            )
            .into());
        }
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit()
}

fn case(row: &Value) -> Case {
    Case {
        function: measured::text(row, "function"),
        lines: measured::function(row),
        leaks: row["leaks"].as_bool().unwrap_or(false),
        witness: measured::text(row, "witness"),
    }
}

fn name(case: &Case) -> String {
    format!("{} {}", case.lines.file, case.function)
}

fn trial(case: &Case, found: &[Found], limits: &BTreeMap<String, String>) -> Trial {
    let name = name(case);
    let limit = limits.get(&name).cloned();
    let inside = |found: &&Found| case.lines.hold(found.primary());
    let found = found.iter().find(inside).map(Found::to_string);
    let (leaks, witness) = (case.leaks, case.witness.clone());
    Trial::test(name, move || {
        verdict(leaks, &witness, found.as_deref(), limit.as_deref())
    })
}

fn verdict(
    leaks: bool,
    witness: &str,
    found: Option<&str>,
    limit: Option<&str>,
) -> Result<(), Failed> {
    match (leaks == found.is_some(), limit) {
        (true, None) | (false, Some(_)) => Ok(()),
        (true, Some(limit)) => {
            Err(format!("agrees now; remove it from known-limits.json ({limit})").into())
        }
        (false, None) if leaks => Err(format!("leaks ({witness}), but nothing is reported").into()),
        (false, None) => Err(format!("does not leak, but: {}", found.unwrap_or_default()).into()),
    }
}
