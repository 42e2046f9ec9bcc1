//! The leak rules against reality: every function of the corpus in `tests/oracle` really runs against a real pool under
//! fault injection, and the static verdict must agree with the pool's count.
//!
//! `tests/oracle/known-limits.json` lists the functions on which it does not agree yet, each with its reason; one that
//! agrees after all fails, so the list stays true.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
use libtest_mimic::{Arguments, Failed, Trial};
use poolgate::config::Config;
use poolgate::program::analyse;
use poolgate::progress::Progress;
use poolgate::source::{Source, Sources};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// One function of the corpus with its measured truth.
struct Case {
    file: String,
    function: String,
    lines: (u64, u64),
    leaks: bool,
    witness: String,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::from_args();
    if arguments.list {
        // Listing needs no measurement.
        libtest_mimic::run(&arguments, Vec::new()).exit();
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle");
    let mut cases = measured(&folder, &folder.join(".venv/bin/python"), "run.py")?;
    cases.extend(measured(&folder, Path::new("node"), "run.mjs")?);
    let verdicts = verdicts(&folder);
    let limits: BTreeMap<String, String> = read_json(&folder.join("known-limits.json"));
    let mut trials: Vec<_> = cases
        .iter()
        .map(|case| trial(case, &verdicts, &limits))
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

fn name(case: &Case) -> String {
    format!("{} {}", case.file, case.function)
}

fn trial(
    case: &Case,
    verdicts: &BTreeMap<String, Vec<(u64, String)>>,
    limits: &BTreeMap<String, String>,
) -> Trial {
    let name = name(case);
    let limit = limits.get(&name).cloned();
    let inside = |line: &u64| (case.lines.0..=case.lines.1).contains(line);
    let found = verdicts
        .get(&case.file)
        .into_iter()
        .flatten()
        .find(|(line, _)| inside(line));
    let found = found.map(|(line, message)| format!("{line}: {message}"));
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

/// Runs one half of the oracle.
fn measured(folder: &Path, program: &Path, script: &str) -> io::Result<Vec<Case>> {
    let output = Command::new(program)
        .arg(script)
        .current_dir(folder)
        .output()
        .map_err(|error| {
            io::Error::other(format!(
                "{}: {error}; run tests/oracle/setup.sh first",
                program.display()
            ))
        })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!(
            "{script} failed; was tests/oracle/setup.sh run?\n{text}"
        )));
    }
    let rows: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Ok(rows
        .iter()
        .map(|row| Case {
            file: text(row, "file"),
            function: text(row, "function"),
            lines: (
                row["line"].as_u64().unwrap_or(0),
                row["endLine"].as_u64().unwrap_or(0),
            ),
            leaks: row["leaks"].as_bool().unwrap_or(false),
            witness: text(row, "witness"),
        })
        .collect())
}

/// The analyzer's findings of the leak rules, by file.
fn verdicts(folder: &Path) -> BTreeMap<String, Vec<(u64, String)>> {
    let mut found: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for half in ["python", "javascript"] {
        let mut files = Vec::new();
        collect(&folder.join(half), &mut files);
        let sources = files.iter().filter_map(|path| {
            let relative = path
                .strip_prefix(folder)
                .ok()?
                .to_string_lossy()
                .replace('\\', "/");
            Source::new(relative, fs::read_to_string(path).ok()?)
        });
        let sources = Sources::new(sources.collect());
        let analysis = analyse(sources, &[], &Config::default(), &Progress::default()).unwrap();
        let sources = &analysis.sources;
        for finding in analysis.findings {
            if !["unreleased-client", "unmanaged-session"].contains(&finding.rule) {
                continue;
            }
            let line = sources
                .position(finding.primary.file, finding.primary.start)
                .line;
            let file = sources.get(finding.primary.file).path.clone();
            found
                .entry(file)
                .or_default()
                .push((line.into(), finding.message));
        }
    }
    found
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn read_json(path: &Path) -> BTreeMap<String, String> {
    fs::read_to_string(path)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}
