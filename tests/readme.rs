//! What README.md shows is what the program does. `UPDATE=1 cargo test --test readme` rewrites what stands between
//! its markers.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
use poolgate::config::{self, Form};
use poolgate::rules::INFOS;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Tests run at the same time; only one may rewrite the page.
static PAGE: Mutex<()> = Mutex::new(());

fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// What stands between `<!-- name -->` and `<!-- /name -->` must be this.
fn assert_section(name: &str, expected: &str) {
    let _guard = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(path("README.md")).unwrap();
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = page.split_once(&open).unwrap();
    let (shown, after) = rest.split_once(&close).unwrap();
    if without_times(shown) == without_times(expected) {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        let page = format!("{before}{open}{expected}{close}{after}");
        fs::write(path("README.md"), page).unwrap();
    } else {
        panic!("README.md is stale (UPDATE=1 rewrites it); {name} is now\n{expected}");
    }
}

/// How long a run took is the one thing that differs.
fn without_times(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.strip_prefix("checked ") {
            Some(rest) => rest.split(" in ").next().unwrap_or_default(),
            None => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_finding_is_what_the_terminal_shows() {
    let folder = "tests/incidents/2-profile-cache/before";
    let output = Command::new(env!("CARGO_BIN_EXE_poolgate"))
        .args(["check", "--format", "text", folder])
        .current_dir(path(""))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (report, summary) = (text(&output.stdout), text(&output.stderr));
    assert_section(
        "finding",
        &format!("```console\n$ poolgate check {folder}\n{report}{summary}```\n"),
    );
}

#[test]
fn the_table_lists_the_rules() {
    let mut table = String::from("| rule | level | finds |\n| --- | --- | --- |\n");
    for rule in INFOS.iter() {
        let (id, level, summary) = (rule.id, rule.level.word(), rule.summary);
        let _ = writeln!(table, "| [`{id}`](rules/{id}.md) | {level} | {summary} |");
    }
    assert_section("rules", &table);
}

#[test]
fn the_libraries_are_those_it_knows() {
    const HANDS_OUT: [&str; 4] = ["acquires", "lends", "opens", "opens-pool"];
    let (mut python, mut javascript) = (BTreeSet::new(), BTreeSet::new());
    let mut others = BTreeSet::new();
    for entry in path("rules/libraries").read_dir().unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let file: toml::Table = text.parse().unwrap();
        let word = |key: &str| file[key].as_str().unwrap().to_owned();
        let calls = file.get("call").and_then(toml::Value::as_array);
        let is_database = calls.into_iter().flatten().any(|call| {
            let effect = call.get("effect").map(ToString::to_string);
            let effect = effect.unwrap_or_default();
            HANDS_OUT
                .iter()
                .any(|word| effect.contains(&format!("\"{word}\"")))
        });
        let names = match (is_database, word("language").as_str()) {
            (false, _) => &mut others,
            (true, "python") => &mut python,
            (true, _) => &mut javascript,
        };
        names.insert((word("name").to_lowercase(), word("name")));
    }
    let list = |names: &BTreeSet<(String, String)>| {
        let names: Vec<_> = names.iter().map(|(_, name)| name.as_str()).collect();
        names.join(", ")
    };
    assert_section(
        "libraries",
        &format!(
            "- Databases in Python: {}.\n- Databases in JavaScript and TypeScript: {}.\n- Also understood, so that paths through it are right: {}.\n",
            list(&python),
            list(&javascript),
            list(&others)
        ),
    );
}

#[test]
fn the_configuration_is_accepted() {
    let page = fs::read_to_string(path("README.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1);
    let blocks: Vec<_> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 2);
    for block in blocks {
        config::parse(block, "README.md", Form::Own, &INFOS).unwrap();
    }
}
