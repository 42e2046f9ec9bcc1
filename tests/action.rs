//! `action.yml`, the workflows and the pre-commit hooks, as far as text shows it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test reads files and stops at the first surprise"
)]
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

fn action() -> String {
    read(&root().join("action.yml"))
}

/// `action.yml` and all workflows.
fn actions() -> Vec<PathBuf> {
    let workflows = fs::read_dir(root().join(".github/workflows")).unwrap();
    let mut files: Vec<PathBuf> = workflows.map(|entry| entry.unwrap().path()).collect();
    files.push(root().join("action.yml"));
    files
}

/// The steps of a file as blocks of lines: each begins with `- ` at the depth of the first below `steps:`.
fn steps(text: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let lines = text
        .lines()
        .skip_while(|line| line.trim() != "steps:")
        .skip(1);
    let mut depth = None;
    for line in lines.filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')) {
        let indent = line.len() - line.trim_start().len();
        let depth = *depth.get_or_insert(indent);
        if indent == depth && line.trim_start().starts_with("- ") {
            steps.push(String::new());
        }
        let step = steps.last_mut().expect("a step before its lines");
        step.push_str(line);
        step.push('\n');
    }
    steps
}

/// The text of a step's `run:`.
fn script(step: &str) -> Option<String> {
    let lines: Vec<&str> = step.lines().collect();
    let key = |line: &str| {
        line.trim_start()
            .trim_start_matches("- ")
            .starts_with("run:")
    };
    let at = lines.iter().position(|line| key(line))?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let below = lines
        .iter()
        .skip(at + 1)
        .take_while(|line| indent(line) > indent(lines[at]));
    Some(
        std::iter::once(&lines[at])
            .chain(below)
            .copied()
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

/// An expression in a script is pasted in before the shell reads it: whoever can name a branch could run code.
#[test]
fn scripts_take_their_inputs_from_the_environment() {
    let mut scripts = 0;
    for file in actions() {
        for script in steps(&read(&file)).iter().filter_map(|step| script(step)) {
            assert!(!script.contains("${{"), "{}: {script}", file.display());
            scripts += 1;
        }
    }
    assert!(scripts >= 4, "{scripts}");
}

#[test]
fn actions_of_others_are_pinned_by_commit_and_say_the_version() {
    let mut pins = 0;
    for file in actions() {
        for line in read(&file).lines().filter(|line| line.contains("uses:")) {
            let (_, pin) = line
                .split_once('@')
                .unwrap_or_else(|| panic!("not pinned: {line}"));
            let (commit, version) = pin
                .split_once(" # v")
                .unwrap_or_else(|| panic!("no version: {line}"));
            let is_commit =
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
            assert!(is_commit && version.split('.').count() == 3, "{line}");
            pins += 1;
        }
    }
    assert_eq!(pins, 3);
}

#[test]
fn every_input_is_described_and_used() {
    let text = action();
    let (_, inputs) = text.split_once("\ninputs:\n").unwrap();
    let (inputs, rest) = inputs.split_once("\noutputs:").unwrap();
    let names: Vec<&str> = inputs
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .map(|line| line.trim().trim_end_matches(':'))
        .collect();
    assert_eq!(
        names,
        [
            "paths",
            "config",
            "fail-on",
            "sarif-file",
            "upload-sarif",
            "version"
        ]
    );
    assert_eq!(inputs.matches("description:").count(), names.len());
    for name in names {
        assert!(rest.contains(&format!("inputs.{name}")), "{name}");
    }
}

#[test]
fn composite_steps_name_their_shell_and_findings_are_uploaded_all_the_same() {
    let text = action();
    let steps = steps(&text);
    for step in steps.iter().filter(|step| script(step).is_some()) {
        assert!(step.contains("shell: bash"), "{step}");
    }
    let upload = steps.last().unwrap();
    assert!(
        upload.contains("upload-sarif@") && upload.contains("if: always()"),
        "{upload}"
    );
}

#[test]
fn hooks_see_the_whole_project_once() {
    let text = read(&root().join(".pre-commit-hooks.yaml"));
    let hooks: Vec<&str> = text.split("- id: ").skip(1).collect();
    let ids: Vec<&str> = hooks
        .iter()
        .filter_map(|hook| hook.lines().next())
        .collect();
    assert_eq!(ids, ["poolgate", "poolgate-system"]);
    for (hook, language) in hooks.iter().zip(["rust", "system"]) {
        assert!(hook.contains(&format!("language: {language}\n")));
        for key in [
            "pass_filenames: false",
            "require_serial: true",
            "types_or: [",
            "entry: poolgate check",
        ] {
            assert!(hook.contains(key), "{key}: {hook}");
        }
    }
}
