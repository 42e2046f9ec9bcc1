//! Runs the examples of the rules' pages (`rules/*.md`), of `tests/cases/*.md` and of the project's own documents: all
//! files under one heading are one project, and one test. `UPDATE=1 cargo test --test rules` rewrites the `text` blocks.
//!
//! A comment `# error`, `// error` or `-- error` at the end of a line says that the rule fires there; alone on its
//! line it speaks of the next. `error: "text"` also wants the text in the message, `error[rule-id]` names the rule:
//! a case's page must, a rule's page means its own. `missed: why` is a fault that no rule finds today,
//! `false-positive: why` one that is none. A line without a marker stays silent.
mod markdown;

use libtest_mimic::{Arguments, Failed, Trial};
use markdown::{Block, blocks, file_name, pages};
use poolgate::config::{self, Config, Form};
use poolgate::finding::{Confidence, Finding};
use poolgate::program;
use poolgate::progress::Progress;
use poolgate::report::{self, Colour, Format, Report};
use poolgate::rules::INFOS;
use poolgate::source::{Counts, Manifest, Source, Sources};
use poolgate::suppress;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if std::env::var_os("UPDATE").is_some() {
        update();
    }
    let mut trials = Vec::new();
    for (path, rule, text) in documents() {
        for case in cases(&path, rule.as_deref(), &text) {
            trials.push(Trial::test(case.name.clone(), move || case.run()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every page: its path in the project, the rule it is about, and its text.
fn documents() -> Vec<(String, Option<String>, String)> {
    let pages_of = |folder: &'static str, is_rule: bool| {
        pages(folder).into_iter().map(move |(path, text)| {
            let stem = stem(&path);
            (format!("{folder}/{stem}.md"), is_rule.then_some(stem), text)
        })
    };
    pages_of("rules", true)
        .chain(pages_of("tests/cases", false))
        .chain(pages_of(".", false))
        .collect()
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// A file under a heading.
#[derive(Debug)]
struct File {
    path: String,
    text: String,
    /// The line of the page on which it begins.
    line: usize,
}

/// The files under one heading, and what they must show.
#[derive(Debug, Default)]
struct Case {
    name: String,
    page: String,
    rule: Option<String>,
    files: Vec<File>,
    config: Option<String>,
    report: Option<(Range<usize>, String)>,
}

/// The cases of a page; headings without files are prose.
fn cases(path: &str, rule: Option<&str>, page: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut last = None;
    for block in blocks(page) {
        // Two headings may have the same words; they are different slices of the page.
        if last.replace(block.heading.as_ptr()) != Some(block.heading.as_ptr()) {
            cases.push(Case {
                name: format!("{path}: {}", block.heading),
                page: path.to_owned(),
                rule: rule.map(str::to_owned),
                ..Case::default()
            });
        }
        if let Some(case) = cases.last_mut() {
            case.take(block, page);
        }
    }
    cases.retain(|case| !case.files.is_empty());
    cases
}

impl Case {
    fn take(&mut self, block: Block<'_>, page: &str) {
        let text = block.text.to_owned();
        match (block.language, block.name) {
            ("text", None) => self.report = Some((block.range, text)),
            ("toml", None | Some("poolgate.toml")) => self.config = Some(text),
            _ => {
                let before = page.get(..block.range.start).unwrap_or_default();
                self.files.extend(file_name(&block).map(|path| File {
                    path,
                    text,
                    line: before.matches('\n').count() + 1,
                }));
            }
        }
    }

    fn run(&self) -> Result<(), Failed> {
        let mut wrong = self.doubles();
        let expected = self.expectations(&mut wrong);
        let outcome = self.analyse()?;
        let mut found = self.enabled(&expected, &outcome);
        for expectation in &expected {
            let hit = found.iter().position(|found| expectation.is_met_by(found));
            match (expectation.kind, hit) {
                (Kind::Missed, None) => {}
                (Kind::Missed, Some(index)) => {
                    found.swap_remove(index);
                    wrong.push(format!(
                        "{}: no longer missed: make it an `error`",
                        expectation.place
                    ));
                }
                (_, Some(index)) => drop(found.swap_remove(index)),
                (_, None) => wrong.push(expectation.complaint()),
            }
        }
        wrong.extend(found.iter().map(|found| {
            let place = self.place(&found.path, found.line);
            format!("{place}: unexpected {}: {}", found.rule, found.message)
        }));
        if let Some((_, report)) = &self.report
            && *report != outcome.report
        {
            wrong.push(format!("the report is now\n{}", outcome.report));
        }
        wrong.sort();
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(wrong.join("\n").into())
        }
    }

    /// Files of the same name: the second would hide the first.
    fn doubles(&self) -> Vec<String> {
        let is_double = |(index, file): &(usize, &File)| {
            self.files
                .iter()
                .take(*index)
                .any(|other| other.path == file.path)
        };
        let files = self.files.iter().enumerate();
        files
            .filter(is_double)
            .map(|(_, file)| {
                format!(
                    "{}:{}: second file named {}",
                    self.page, file.line, file.path
                )
            })
            .collect()
    }

    fn expectations(&self, wrong: &mut Vec<String>) -> Vec<Expectation> {
        let mut expected = Vec::new();
        for file in &self.files {
            for marker in markers(&file.text) {
                let place = self.place(&file.path, marker.line);
                let rule = marker.rule.or_else(|| self.rule.clone());
                if rule.is_none() && marker.kind == Kind::Error {
                    wrong.push(format!("{place}: an error here names its rule in brackets"));
                    continue;
                }
                expected.push(Expectation {
                    path: file.path.clone(),
                    line: marker.line,
                    rule,
                    kind: marker.kind,
                    message: marker.message,
                    place,
                });
            }
        }
        expected
    }

    /// The findings of the rules that this case is about: all rules, or the page's own and those it names.
    fn enabled(&self, expected: &[Expectation], outcome: &Outcome) -> Vec<Found> {
        let is_enabled = |found: &Found| {
            self.rule.as_ref().is_none_or(|rule| found.rule == *rule)
                || expected
                    .iter()
                    .any(|expected| expected.rule.as_deref() == Some(found.rule))
        };
        outcome
            .found
            .iter()
            .filter(|found| is_enabled(found))
            .cloned()
            .collect()
    }

    /// A line of a file as a line of the page.
    fn place(&self, path: &str, line: usize) -> String {
        let file = self.files.iter().find(|file| file.path == path);
        let start = file.map_or(1, |file| file.line);
        format!("{}:{}", self.page, start + line - 1)
    }

    fn analyse(&self) -> Result<Outcome, Failed> {
        let config = match &self.config {
            Some(text) => config::parse(text, "poolgate.toml", Form::Own, &INFOS)
                .map_err(|error| error.to_string())?
                .unwrap_or_default(),
            None => Config::default(),
        };
        let (mut sources, mut manifests) = (Vec::new(), Vec::new());
        for file in &self.files {
            match Source::new(&file.path, &file.text) {
                Some(source) => sources.push(source),
                None => manifests.push(Manifest {
                    path: file.path.clone(),
                    text: file.text.clone(),
                }),
            }
        }
        analyse(Sources::new(sources), &manifests, &config)
    }
}

/// What an analysis gives back, as far as pages speak of it.
struct Outcome {
    found: Vec<Found>,
    report: String,
}

#[derive(Clone)]
struct Found {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

/// The one place that calls the analysis.
fn analyse(sources: Sources, manifests: &[Manifest], config: &Config) -> Result<Outcome, Failed> {
    let analysis = program::analyse(sources, manifests, config, &Progress::default())
        .map_err(|error| error.to_string())?;
    let sources = &analysis.sources;
    let mut findings = analysis.findings;
    findings.retain(|finding| finding.confidence == Confidence::High);
    findings.retain(|finding| !is_silenced(config, sources, finding));
    let parted = suppress::part(sources, &analysis.comments, findings, &INFOS, &|_| true);
    let found = parted.findings.iter().map(|finding| Found {
        path: sources.get(finding.primary.file).path.clone(),
        line: line_of(sources, finding),
        rule: finding.rule,
        message: finding.message.clone(),
    });
    let report = Report {
        sources,
        findings: &parted.findings,
        suppressed: &parted.suppressed,
        show_suppressed: false,
        notices: &analysis.notices,
        counts: Counts {
            files: sources.len(),
            ..Counts::default()
        },
        rules: &INFOS,
    };
    Ok(Outcome {
        found: found.collect(),
        report: report::render(&report, Format::Text, Colour::Never),
    })
}

/// Whether the configuration leaves the finding out.
fn is_silenced(config: &Config, sources: &Sources, finding: &Finding) -> bool {
    let path = &sources.get(finding.primary.file).path;
    let info = INFOS.iter().find(|info| info.id == finding.rule);
    let group = info.map_or("", |info| info.group);
    !config.selects(finding.rule, group) || config.is_ignored_in(path, finding.rule, group)
}

fn line_of(sources: &Sources, finding: &Finding) -> usize {
    let position = sources.position(finding.primary.file, finding.primary.start);
    usize::try_from(position.line).unwrap_or_default()
}

/// What a marker says of a line of a file.
struct Expectation {
    path: String,
    line: usize,
    /// Any rule where none is named.
    rule: Option<String>,
    kind: Kind,
    message: Option<String>,
    /// The line in the page.
    place: String,
}

impl Expectation {
    fn is_met_by(&self, found: &Found) -> bool {
        let says = |text: &String| found.message.contains(text);
        found.path == self.path
            && found.line == self.line
            && self.rule.as_ref().is_none_or(|rule| found.rule == *rule)
            && self.message.as_ref().is_none_or(says)
    }

    fn complaint(&self) -> String {
        let message = self.message.as_deref().unwrap_or_default();
        let rule = self.rule.as_deref().unwrap_or("a finding");
        format!("{}: expected {rule} {message}", self.place)
    }
}

/// A marker in a file.
#[derive(Debug)]
struct Marker {
    line: usize,
    rule: Option<String>,
    kind: Kind,
    message: Option<String>,
}

/// What a marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A rule fires, and should.
    Error,
    /// No rule fires, and one should.
    Missed,
    /// A rule fires, and should not.
    FalsePositive,
}

fn markers(text: &str) -> Vec<Marker> {
    let mut markers = Vec::new();
    // Markers that stand alone wait for the next line of code.
    let mut waiting: Vec<Marker> = Vec::new();
    for (line, code) in (1..).zip(text.lines()) {
        let (before, mut own) = markers_of(code, line);
        if before.trim().is_empty() && !own.is_empty() {
            waiting.append(&mut own);
            continue;
        }
        markers.extend(waiting.drain(..).map(|marker| Marker { line, ..marker }));
        markers.append(&mut own);
    }
    markers
}

/// The markers at the end of a line, and what stands before them.
fn markers_of(code: &str, line: usize) -> (&str, Vec<Marker>) {
    let (mut before, mut markers) = (code, Vec::new());
    for opener in ["# ", "// ", "-- "] {
        for (position, _) in code.match_indices(opener) {
            let comment = code.get(position + opener.len()..).unwrap_or_default();
            if let Some(marker) = marker(comment, line) {
                markers.push(marker);
                let start = code.get(..position).unwrap_or_default();
                before = if start.len() < before.len() {
                    start
                } else {
                    before
                };
            }
        }
    }
    (before, markers)
}

/// `error`, `error: "text"`, `error[rule-id]`, `missed: why`, `false-positive: why`.
fn marker(comment: &str, line: usize) -> Option<Marker> {
    let kinds = [
        ("error", Kind::Error),
        ("missed", Kind::Missed),
        ("false-positive", Kind::FalsePositive),
    ];
    let (kind, rest) = kinds
        .into_iter()
        .find_map(|(word, kind)| Some((kind, comment.strip_prefix(word)?)))?;
    let named = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (rule, rest) = named.map_or((None, rest), |(rule, rest)| (Some(rule.to_owned()), rest));
    // `# error handling` is prose.
    let is_marker = rule.is_some() || rest.trim().is_empty() || rest.starts_with(':');
    let message = rest.split('"').nth(1).filter(|_| kind == Kind::Error);
    is_marker.then(|| Marker {
        line,
        rule,
        kind,
        message: message.map(str::to_owned),
    })
}

fn update() {
    for (path, rule, mut text) in documents() {
        for case in cases(&path, rule.as_deref(), &text).iter().rev() {
            if let (Some((range, _)), Ok(outcome)) = (&case.report, case.analyse()) {
                text.replace_range(range.clone(), &outcome.report);
            }
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(&path);
        if let Err(error) = std::fs::write(&file, text) {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), error.to_string().as_bytes());
        }
    }
}
