//! The outages of `tests/incidents`: the gate blocks the deploy that broke production, names the lines, and passes the
//! fix. `expected.json` beside each application lists what is due, and where its `steps` must stand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The applications, sorted: each folder that says what it expects.
fn applications() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/incidents");
    let folders = entries(&root).into_iter().filter(|path| path.is_dir());
    let applications: Vec<_> = folders
        .flat_map(|incident| entries(&incident))
        .filter(|path| path.join("expected.json").is_file())
        .collect();
    assert!(applications.len() >= 8, "{applications:?}");
    applications
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The gate's report as JSON, and how it exits.
fn check(folder: &Path, jobs: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_poolgate"))
        .args(["check", "--quiet", "--format", "json", "--jobs", jobs, "."])
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Rule, path and line of each finding.
type Places = BTreeSet<(String, String, u64)>;

fn places(findings: &Value) -> Places {
    let findings = findings.as_array().unwrap().iter();
    let place = |finding: &Value| {
        let text = |key: &str| finding[key].as_str().unwrap().to_owned();
        (
            text("rule"),
            text("path"),
            finding["line"].as_u64().unwrap(),
        )
    };
    findings.map(place).collect()
}

fn expected(application: &Path) -> Places {
    let text = fs::read_to_string(application.join("expected.json")).unwrap();
    places(&serde_json::from_str(&text).unwrap())
}

#[test]
fn each_outage_is_found_where_it_is() {
    for application in applications() {
        let expected = expected(&application);
        let report: Value = serde_json::from_slice(&check(&application, "2").stdout).unwrap();
        let root = repository_path(&application);
        let mut found = BTreeSet::new();
        for (rule, path, line) in places(&report["findings"]) {
            let path = path.strip_prefix(&root).unwrap_or(&path).to_owned();
            if expected.iter().any(|(due, _, _)| *due == rule) {
                found.insert((rule, path, line));
            }
        }
        assert_eq!(found, expected, "{root}");
    }
}

#[test]
fn each_story_is_told_line_by_line() {
    let mut stories = 0;
    for application in applications() {
        let text = fs::read_to_string(application.join("expected.json")).unwrap();
        let expected: Value = serde_json::from_str(&text).unwrap();
        let report: Value = serde_json::from_slice(&check(&application, "2").stdout).unwrap();
        for due in expected.as_array().unwrap() {
            let Some(story) = due["steps"].as_array() else {
                continue;
            };
            let is_due =
                |found: &&Value| found["rule"] == due["rule"] && found["line"] == due["line"];
            let mut findings = report["findings"].as_array().unwrap().iter();
            let steps = findings.find(is_due).unwrap()["steps"].as_array().unwrap();
            let lines: Vec<_> = steps.iter().map(|step| &step["line"]).collect();
            assert_eq!(lines, story.iter().collect::<Vec<_>>(), "{due}");
            stories += 1;
        }
    }
    assert!(stories > 0);
}

/// A folder of the repository as reports spell it, with a slash at the end.
fn repository_path(folder: &Path) -> String {
    let path = folder.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap();
    let parts: Vec<_> = path
        .iter()
        .map(|part| part.to_string_lossy() + "/")
        .collect();
    parts.concat()
}

#[test]
fn the_gate_stops_what_broke_production_and_passes_the_fix() {
    for application in applications() {
        let is_due = !expected(&application).is_empty();
        match application.file_name().unwrap().to_str().unwrap() {
            "before" => assert!(is_due, "{}", application.display()),
            "after" => assert!(!is_due, "{}", application.display()),
            _ => {}
        }
        let output = check(&application, "2");
        let report = String::from_utf8_lossy(&output.stdout);
        let status = output.status.code();
        assert_eq!(
            status,
            Some(is_due.into()),
            "{}: {report}",
            application.display()
        );
    }
}

#[test]
fn the_same_files_give_the_same_bytes() {
    for application in applications() {
        let mut files = Vec::new();
        collect(&application, &mut files);
        let forwards = copied(&application, files.iter());
        let backwards = copied(&application, files.iter().rev());
        let first = check(forwards.path(), "1").stdout;
        assert!(!first.is_empty());
        for (folder, jobs) in [
            (&forwards, "1"),
            (&forwards, "4"),
            (&backwards, "1"),
            (&backwards, "4"),
        ] {
            let again = check(folder.path(), jobs).stdout;
            assert_eq!(
                String::from_utf8_lossy(&again),
                String::from_utf8_lossy(&first),
                "{} with {jobs} jobs",
                application.display()
            );
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// A copy of an application, written in the order given.
fn copied<'a>(application: &Path, files: impl Iterator<Item = &'a PathBuf>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let copy = folder.path().join(file.strip_prefix(application).unwrap());
        fs::create_dir_all(copy.parent().unwrap()).unwrap();
        fs::copy(file, &copy).unwrap_or_else(|cause| panic!("{}: {cause}", copy.display()));
    }
    folder
}
