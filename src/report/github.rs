//! Annotations of a GitHub Actions job.
//!
//! GitHub shows ten annotations of each kind for a step and drops the others without a word, so the most severe
//! come first and what is left out is counted.
use super::{Entries, Entry, Report, notices, plural, tally};
use crate::finding::Level;
use std::fmt::Write as _;

const SHOWN: usize = 10;

pub(super) fn render(report: &Report, entries: &Entries) -> String {
    let mut out = String::new();
    let mut left_out = 0;
    for level in [Level::Error, Level::Warning, Level::Note] {
        // The last place among the notices belongs to the one that counts the rest.
        let most = if level == Level::Note {
            SHOWN - 1
        } else {
            SHOWN
        };
        let of_level = entries
            .all
            .iter()
            .filter(|entry| entry.suppression.is_none());
        let of_level: Vec<&Entry> = of_level
            .filter(|entry| entry.finding.level == level)
            .collect();
        for entry in of_level.iter().take(most) {
            annotation(&mut out, entry, entries);
        }
        left_out += of_level.len().saturating_sub(most);
    }
    if left_out > 0 {
        let have = if left_out == 1 {
            "finding has"
        } else {
            "findings have"
        };
        let _ = writeln!(
            out,
            "::notice title=poolgate::{left_out} more {have} no annotation: GitHub shows {SHOWN} of a kind. Use --format text for all."
        );
    }
    out += &notices(report);
    let _ = writeln!(
        out,
        "poolgate: {} in {} file{}",
        tally(entries, report),
        report.counts.files,
        plural(report.counts.files)
    );
    out
}

fn annotation(out: &mut String, entry: &Entry, entries: &Entries) {
    let finding = entry.finding;
    let kind = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = entries.places.place(finding.primary);
    let _ = write!(
        out,
        "::{kind} file={},line={}",
        property(place.path),
        place.start.line
    );
    let _ = write!(out, ",endLine={}", place.end.line);
    // Columns say something only on a single line.
    if place.start.line == place.end.line {
        let _ = write!(
            out,
            ",col={},endColumn={}",
            place.start.column, place.end.column
        );
    }
    let _ = write!(out, ",title={}", property(finding.rule));
    let mut message = finding.message.clone();
    for (number, step) in (1..).zip(&finding.steps) {
        let at = entries.places.place(step.span);
        let _ = write!(
            message,
            "\n{number}. {}:{}: {}",
            at.path, at.start.line, step.message
        );
    }
    let _ = writeln!(out, "::{}", data(&message));
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::samples::{finding, leak, notices, rendered, sources, span};
    use super::*;

    #[test]
    fn an_annotation_tells_the_path() {
        let (sources, findings) = leak();
        let text = rendered(&sources, &findings, &notices(), Format::Github);
        assert_eq!(
            text,
            "::error file=src/pay [v2].ts,line=2,endLine=2,col=23,endColumn=37,title=unreleased-client::\
             client `client` of pool `pool` is not released when `query` throws%0A\
             1. src/pay [v2].ts:2: checked out here%0A2. src/pay [v2].ts:3: calls `charge`%0A\
             3. src/charge.ts:2: may throw here%0A4. src/pay [v2].ts:4: not reached\n\
             notice: src/big.ts: is larger than 10 MB\n\
             notice: src/odd.py:3: 2 lines not understood\n\
             poolgate: 1 error in 2 files\n"
        );
    }

    #[test]
    fn nothing_breaks_out_of_a_command() {
        let sources = sources(&[("a,b:c%.ts", "f()\n")]);
        let at = span(&sources, "a,b:c%.ts", "f()");
        let findings = [finding(at, "100%\r\n::error::x", &[])];
        let text = rendered(&sources, &findings, &[], Format::Github);
        let first = text.lines().next();
        assert!(first.is_some_and(|line| line.starts_with("::error file=a%2Cb%3Ac%25.ts,")));
        assert!(first.is_some_and(|line| line.ends_with("::100%25%0D%0A::error::x")));
        assert_eq!(text.lines().count(), 2);
    }

    #[test]
    fn ten_of_a_kind_then_the_rest_in_one_notice() {
        let sources = sources(&[("a.ts", "f()\n")]);
        let at = span(&sources, "a.ts", "f()");
        let mut findings = vec![finding(at, "x", &[]); 13];
        for finding in findings.iter_mut().skip(12) {
            finding.level = Level::Warning;
        }
        let text = rendered(&sources, &findings, &[], Format::Github);
        assert_eq!(text.matches("::error ").count(), 10);
        assert_eq!(text.matches("::warning ").count(), 1);
        assert!(text.contains("::notice title=poolgate::2 more findings have no annotation"));
        assert!(text.ends_with("poolgate: 12 errors, 1 warning in 1 file\n"));
    }
}
