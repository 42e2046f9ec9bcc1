//! `check`: the gate.
use super::args::{CheckArgs, Output, When};
use super::{Verdict, bar, output};
use crate::config::{Config, FailOn, unknown_rule};
use crate::discover::{self, Input, Place};
use crate::error::Error;
use crate::finding::{Confidence, Finding, Notice, RuleInfo};
use crate::program::{self, Analysis};
use crate::progress::Progress;
use crate::report::{self, Colour, Format, Report};
use crate::rules::INFOS;
use crate::source::Counts;
use crate::suppress::{self, Parted};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Syntax nests; the analysis recurses along it.
const STACK_BYTES: usize = 64 * 1024 * 1024;

pub(super) fn run(arguments: &CheckArgs) -> Result<Verdict, Error> {
    let begin = Instant::now();
    let outputs = outputs(arguments)?;
    let mut threads = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES);
    if let Some(jobs) = arguments.manner.jobs {
        threads = threads.num_threads(jobs.into());
    }
    let threads = threads.build().map_err(|cause| Error::Threads { cause })?;
    let input = input(arguments)?;
    let place = place(arguments, input.as_ref())?;
    let config = config(arguments, &place)?;
    let progress = Progress::default();
    let checked = bar::during(&progress, !arguments.manner.quiet, || {
        threads.install(|| Checked::of(&place, &config, input, &progress))
    })?;
    let report = checked.report(arguments);
    for output in &outputs {
        let text = rendered(&report, output, arguments);
        match &output.file {
            Some(file) => output::write(file, &text)?,
            None => output::print(&text)?,
        }
    }
    if !arguments.manner.quiet {
        let seconds = begin.elapsed().as_secs_f64();
        summary(&checked, &config, arguments, seconds);
    }
    let fail_on = arguments
        .fail_on
        .or(config.check.fail_on)
        .unwrap_or(FailOn::Warning);
    let fails = report
        .findings
        .iter()
        .any(|finding| fail_on.is_failed_by(finding.level));
    Ok(if fails {
        Verdict::Findings
    } else {
        Verdict::Clean
    })
}

/// The reports to write; at most one of them goes to standard output.
fn outputs(arguments: &CheckArgs) -> Result<Vec<Output>, Error> {
    let mut outputs = arguments.format.clone();
    if outputs.iter().all(|output| output.file.is_some())
        && (outputs.is_empty() || arguments.output.is_some())
    {
        outputs.push(Output {
            format: default_format(),
            file: None,
        });
    }
    let mut unplaced = outputs.iter_mut().filter(|output| output.file.is_none());
    let first = unplaced.next();
    if unplaced.next().is_some() {
        let message =
            "two reports cannot go to one place; write all but one with --format FORMAT=FILE";
        return Err(Error::Usage {
            message: message.to_owned(),
        });
    }
    if let Some(first) = first {
        first.file.clone_from(&arguments.output);
    }
    Ok(outputs)
}

#[expect(clippy::disallowed_methods, reason = "cli reads the environment")]
fn default_format() -> Format {
    match std::env::var("GITHUB_ACTIONS") {
        Ok(value) if value == "true" => Format::Github,
        _ => Format::Text,
    }
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The file from standard input, where `-` asks for it.
fn input(arguments: &CheckArgs) -> Result<Option<Input>, Error> {
    let asked = arguments.paths.iter().any(|path| is_standard_input(path));
    match (&arguments.stdin_filename, asked) {
        (None, false) => Ok(None),
        (Some(name), true) => {
            let mut bytes = Vec::new();
            io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|cause| Error::Read {
                    path: "standard input".to_owned(),
                    cause,
                })?;
            Ok(Some(Input {
                name: name.clone(),
                bytes,
            }))
        }
        (None, true) => {
            let message = "`-` needs --stdin-filename NAME: the name tells the language";
            Err(Error::Usage {
                message: message.to_owned(),
            })
        }
        (Some(_), false) => {
            let message =
                "--stdin-filename needs the path `-`: it names what comes from standard input";
            Err(Error::Usage {
                message: message.to_owned(),
            })
        }
    }
}

fn place(arguments: &CheckArgs, input: Option<&Input>) -> Result<Place, Error> {
    let paths = arguments
        .paths
        .iter()
        .filter(|path| !is_standard_input(path));
    let paths: Vec<PathBuf> = paths.cloned().collect();
    discover::place(&paths, input.map(|input| input.name.as_path()))
}

/// The configuration of the file and the command line together.
fn config(arguments: &CheckArgs, place: &Place) -> Result<Config, Error> {
    let mut config = discover::config(place, arguments.config.as_deref(), &INFOS)?;
    let named = arguments.select.iter().map(|name| ("--select", name));
    let named = named.chain(arguments.ignore.iter().map(|name| ("--ignore", name)));
    for (option, name) in named {
        if let Some(message) = unknown_rule(name, &INFOS) {
            let message = format!("{option}: {message}");
            return Err(Error::Usage { message });
        }
    }
    if !arguments.select.is_empty() {
        config.check.select.clone_from(&arguments.select);
    }
    config.check.ignore.extend(arguments.ignore.iter().cloned());
    Ok(config)
}

/// What the analysis came to.
struct Checked {
    analysis: Analysis,
    parted: Parted,
    notices: Vec<Notice>,
    counts: Counts,
}

impl Checked {
    fn of(
        place: &Place,
        config: &Config,
        input: Option<Input>,
        progress: &Progress,
    ) -> Result<Self, Error> {
        let project = discover::project(place, config, input, progress);
        let analysis = program::analyse(project.sources, &project.manifests, config, progress)?;
        Ok(Self::new(analysis, project.notices, project.counts, config))
    }

    fn new(
        mut analysis: Analysis,
        mut notices: Vec<Notice>,
        counts: Counts,
        config: &Config,
    ) -> Self {
        notices.append(&mut analysis.notices);
        notices.sort();
        notices.dedup();
        let is_checked = |rule: &RuleInfo| config.selects(rule.id, rule.group);
        let mut found = std::mem::take(&mut analysis.findings);
        found.retain(|finding| finding.confidence == Confidence::High);
        let parted = suppress::part(
            &analysis.sources,
            &analysis.comments,
            found,
            &INFOS,
            &is_checked,
        );
        let mut checked = Self {
            analysis,
            parted,
            notices,
            counts,
        };
        checked.select(config);
        checked
    }

    /// Leaves out what the configuration does not want to see. Suppressions were weighed before: whether one
    /// is of use does not depend on the selection.
    fn select(&mut self, config: &Config) {
        let sources = &self.analysis.sources;
        let wanted = |finding: &Finding| {
            let group = INFOS
                .iter()
                .find(|rule| rule.id == finding.rule)
                .map_or("", |rule| rule.group);
            let path = &sources.get(finding.primary.file).path;
            config.selects(finding.rule, group) && !config.is_ignored_in(path, finding.rule, group)
        };
        self.parted.findings.retain(wanted);
        self.parted.suppressed.retain(|it| wanted(&it.finding));
    }

    fn report(&self, arguments: &CheckArgs) -> Report<'_> {
        Report {
            sources: &self.analysis.sources,
            findings: &self.parted.findings,
            suppressed: &self.parted.suppressed,
            show_suppressed: arguments.show_suppressed,
            notices: &self.notices,
            counts: self.counts,
            rules: &INFOS,
        }
    }
}

fn rendered(report: &Report, output: &Output, arguments: &CheckArgs) -> String {
    if arguments.statistics && output.format == Format::Text {
        return report::statistics(report);
    }
    let colour = match arguments.manner.color {
        When::Always => Colour::Always,
        When::Auto if output.file.is_none() && output::is_terminal() && may_colour() => {
            Colour::Always
        }
        When::Auto | When::Never => Colour::Never,
    };
    report::render(report, output.format, colour)
}

/// <https://no-color.org>
fn may_colour() -> bool {
    let is_off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_off && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// What is not part of the report, because it may differ from run to run.
fn summary(checked: &Checked, config: &Config, arguments: &CheckArgs, seconds: f64) {
    let counts = checked.counts;
    let skipped = [
        (counts.skipped_generated, "generated file"),
        (counts.skipped_minified, "minified file"),
        (counts.skipped_tests, "test file"),
        (counts.skipped_vendored, "vendored folder"),
    ];
    let skipped = skipped
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| several(count, what));
    let skipped: Vec<String> = skipped.collect();
    let mut line = format!(
        "checked {} in {seconds:.2} s",
        several(counts.files, "file")
    );
    if !skipped.is_empty() {
        line = format!("{line}; left out {}", skipped.join(", "));
    }
    if arguments.manner.verbose {
        if !config.path.is_empty() {
            output::say(&format!("configuration: {}", config.path));
        }
        for (_, source) in checked.analysis.sources.iter() {
            output::say(&format!("read {}", source.path));
        }
    }
    output::say(&line);
    if counts.files == 0 {
        output::say(
            "no Python, JavaScript or TypeScript file was found; check the paths and `exclude`",
        );
    }
}

fn several(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Form, parse};
    use crate::finding::Level;
    use crate::source::{FileId, Source, Sources, Span};

    fn finding(file: u32, rule: &'static str, confidence: Confidence) -> Finding {
        Finding {
            rule,
            level: Level::Error,
            confidence,
            primary: Span {
                file: FileId(file),
                start: 0,
                end: 3,
            },
            message: "x".to_owned(),
            steps: Vec::new(),
            identity: String::new(),
        }
    }

    fn kept(text: &str) -> Vec<(&'static str, u32)> {
        let text = parse(text, "poolgate.toml", Form::Own, &INFOS).unwrap();
        let sources = ["a.py", "b/c.py"]
            .map(|path| Source::new(path, "f()  # poolgate: ignore[pool-per-call] why\n").unwrap());
        let comment = |file: u32| Span {
            file: FileId(file),
            start: 5,
            end: 42,
        };
        let analysis = Analysis {
            findings: vec![
                finding(0, "unreleased-client", Confidence::High),
                finding(0, "nested-checkout", Confidence::Low),
                finding(0, "pool-per-call", Confidence::High),
                finding(1, "unreleased-client", Confidence::High),
                finding(1, "unbounded-read", Confidence::High),
            ],
            notices: Vec::new(),
            comments: vec![comment(0), comment(1)],
            sources: Sources::new(sources.into()),
        };
        let checked = Checked::new(analysis, Vec::new(), Counts::default(), &text.unwrap());
        let findings = checked.parted.findings.iter();
        findings
            .map(|finding| (finding.rule, finding.primary.file.0))
            .collect()
    }

    #[test]
    fn the_configuration_selects() {
        let (leak, read, unused) = ("unreleased-client", "unbounded-read", "unused-suppression");
        assert_eq!(kept(""), [(leak, 0), (leak, 1), (read, 1), (unused, 1)]);
        assert_eq!(kept("check.select = [\"query\"]"), [(read, 1)]);
        assert_eq!(kept("check.ignore = [\"leak\", \"meta\"]"), [(read, 1)]);
        let per_file = "[check.per-file-ignores]\n\"b/**\" = [\"unreleased-client\", \"meta\"]";
        assert_eq!(kept(per_file), [(leak, 0), (read, 1)]);
    }
}
