//! Findings to bytes.
//!
//! In: a [`Report`], plain data. Out: its text in one of the formats. The same report gives the same bytes;
//! nothing here knows the time, the machine or the rules.
mod fingerprint;
mod github;
mod json;
mod place;
mod sarif;
mod text;

pub use self::text::{Colour, statistics};

use self::fingerprint::Fingerprints;
use self::place::Places;
use crate::finding::{Finding, Level, Notice, RuleInfo};
use crate::source::{Counts, Sources};
use crate::suppress::Suppressed;
use std::borrow::Cow;
use std::fmt::Write as _;

/// What a run has to say.
#[derive(Debug)]
pub struct Report<'a> {
    /// The files, for excerpts and positions.
    pub sources: &'a Sources,
    /// What stands.
    pub findings: &'a [Finding],
    /// What comments suppress.
    pub suppressed: &'a [Suppressed],
    /// Whether reports show what is suppressed.
    pub show_suppressed: bool,
    /// What could not be read or understood.
    pub notices: &'a [Notice],
    /// How much there was.
    pub counts: Counts,
    /// Every rule, hit or not, in the order of the documentation.
    pub rules: &'a [RuleInfo],
}

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: source excerpts with the path of each finding.
    Text,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// For programs; versioned.
    Json,
    /// Annotations of a GitHub Actions job.
    Github,
}

/// The report in a format. Colours are for text only.
pub fn render(report: &Report, format: Format, colour: Colour) -> String {
    let entries = Entries::of(report);
    match format {
        Format::Text => text::render(report, &entries, colour),
        Format::Sarif => sarif::render(report, &entries),
        Format::Json => json::render(report, &entries),
        Format::Github => github::render(report, &entries),
    }
}

/// A finding as reports show it.
struct Entry<'a> {
    finding: &'a Finding,
    /// The reason of its suppression.
    suppression: Option<&'a str>,
    /// What names it when lines move.
    fingerprint: String,
}

/// All that is shown, in order of path and place.
struct Entries<'a> {
    all: Vec<Entry<'a>>,
    places: Places<'a>,
}

impl<'a> Entries<'a> {
    fn of(report: &Report<'a>) -> Self {
        let standing = report.findings.iter().map(|finding| (finding, None));
        let suppressed = report.suppressed.iter();
        let suppressed = suppressed.map(|it| (&it.finding, Some(it.reason.as_str())));
        let mut all: Vec<_> = standing.chain(suppressed).collect();
        all.sort_by(|(a, _), (b, _)| order(a).cmp(&order(b)));
        let mut fingerprints = Fingerprints::default();
        // Suppressed findings are counted even when they are not shown: suppressing one of two alike must not
        // rename the other.
        let entries = all.into_iter().map(|(finding, suppression)| Entry {
            finding,
            suppression,
            fingerprint: fingerprints.of(finding),
        });
        let shown = entries.filter(|entry| report.show_suppressed || entry.suppression.is_none());
        Self {
            all: shown.collect(),
            places: Places::of(report.sources),
        }
    }

    /// How many findings of a level stand.
    fn count(&self, level: Level) -> usize {
        let standing = self.all.iter().filter(|entry| entry.suppression.is_none());
        standing
            .filter(|entry| entry.finding.level == level)
            .count()
    }
}

fn order(finding: &Finding) -> impl Ord + '_ {
    (
        finding.primary,
        finding.rule,
        &finding.message,
        &finding.identity,
    )
}

/// `2 errors, 1 warning`, or `no findings`.
fn tally(entries: &Entries, report: &Report) -> String {
    let parts = [Level::Error, Level::Warning, Level::Note]
        .map(|level| (entries.count(level), level.word()));
    let mut words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", plural(count)))
        .collect();
    if words.is_empty() {
        words.push("no findings".to_owned());
    }
    let mut out = words.join(", ");
    if !report.suppressed.is_empty() {
        out = format!("{out} ({} suppressed)", report.suppressed.len());
    }
    out
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The notices as lines; of many the first.
fn notices(report: &Report) -> String {
    const MOST: usize = 20;
    let mut out = String::new();
    for notice in report.notices.iter().take(MOST) {
        let line = notice.line.map(|line| format!(":{line}"));
        let colon = if notice.path.is_empty() { "" } else { ": " };
        let line = line.unwrap_or_default();
        let text = format!("{}{line}{colon}{}", notice.path, notice.message);
        let _ = writeln!(out, "notice: {}", neutral(&text));
    }
    let more = report.notices.len().saturating_sub(MOST);
    if more > 0 {
        let end = plural(more);
        let _ = writeln!(
            out,
            "notice: {more} more notice{end} (--format json has all)"
        );
    }
    out
}

/// A text of others that may stand in a terminal: nothing in it moves the cursor, changes colours or turns the
/// direction of writing.
fn neutral(text: &str) -> Cow<'static, str> {
    text.chars()
        .map(|letter| if letter == '\n' { ' ' } else { visible(letter) })
        .collect()
}

fn visible(letter: char) -> char {
    let deceives = matches!(letter, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    if letter != '\t' && letter.is_control() || deceives {
        char::REPLACEMENT_CHARACTER
    } else {
        letter
    }
}

#[cfg(test)]
mod samples;
