//! For people: each finding as rustc draws it, the path in the excerpt, the counts last.
use super::place::Places;
use super::{Entries, Entry, Report, neutral, notices, tally, visible};
use crate::finding::{Finding, Level};
use crate::source::{FileId, Span};
use annotate_snippets::{Annotation, AnnotationKind, Group, Level as Title, Renderer, Snippet};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

/// Lines longer than this are cut around what they are shown for.
const WIDTH: usize = 160;
/// Of more steps than this the first and the last are drawn.
const MOST_STEPS: usize = 24;

/// Whether text is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// With escape codes.
    Always,
    /// Plain.
    Never,
}

pub(super) fn render(report: &Report, entries: &Entries, colour: Colour) -> String {
    let renderer = match colour {
        Colour::Always => Renderer::styled(),
        Colour::Never => Renderer::plain(),
    };
    // The lines are cut here; the drawing must not cut them again.
    let renderer = renderer.term_width(10 * WIDTH);
    let mut out = String::new();
    for entry in &entries.all {
        out += &renderer.render(&[group(entry, &entries.places)]);
        out += "\n\n";
    }
    out += &notices(report);
    if !report.notices.is_empty() {
        out.push('\n');
    }
    let _ = writeln!(out, "{}", tally(entries, report));
    out
}

/// How often each rule was hit, most first.
pub fn statistics(report: &Report) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for finding in report.findings {
        *counts
            .entry((finding.rule, finding.level.word()))
            .or_default() += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
    let mut out = String::new();
    for ((rule, level), count) in rows {
        let _ = writeln!(out, "{count:>6}  {level:<7}  {rule}");
    }
    let _ = writeln!(out, "{}", tally(&Entries::of(report), report));
    out
}

fn group<'a>(entry: &Entry<'a>, places: &Places<'a>) -> Group<'a> {
    let finding = entry.finding;
    let title = match finding.level {
        Level::Error => Title::ERROR,
        Level::Warning => Title::WARNING,
        Level::Note => Title::NOTE,
    };
    let title = title
        .primary_title(neutral(&finding.message))
        .id(finding.rule);
    let mut group = Group::with_title(title);
    for (file, marks) in marks(finding) {
        let excerpt = Excerpt::of(places, file, &marks);
        let snippet = Snippet::source(excerpt.text)
            .path(neutral(&places.source(file).path))
            .line_start(excerpt.first_line as usize)
            .annotations(excerpt.annotations);
        group = group.element(snippet);
    }
    if let Some(reason) = entry.suppression {
        let reason = if reason.is_empty() {
            "no reason given"
        } else {
            reason
        };
        group = group.element(Title::NOTE.message(neutral(&format!("suppressed: {reason}"))));
    }
    let left_out = finding.steps.len().saturating_sub(MOST_STEPS);
    if left_out > 0 {
        let text = format!("{left_out} steps between are not drawn (--format json lists all)");
        group = group.element(Title::NOTE.message(text));
    }
    group.element(Title::HELP.message(format!("poolgate explain {}", finding.rule)))
}

/// A place in an excerpt.
struct Mark {
    span: Span,
    label: String,
    is_primary: bool,
}

/// What to draw, by file: that of the finding first, then the others as the story meets them.
fn marks(finding: &Finding) -> Vec<(FileId, Vec<Mark>)> {
    let half = MOST_STEPS / 2;
    let count = finding.steps.len();
    let is_drawn = |index: usize| count <= MOST_STEPS || index < half || index >= count - half;
    let numbered = !reads_downwards(finding);
    let mut marks = vec![Mark {
        span: finding.primary,
        label: String::new(),
        is_primary: true,
    }];
    for (index, step) in finding
        .steps
        .iter()
        .enumerate()
        .filter(|(index, _)| is_drawn(*index))
    {
        let text = neutral(&step.message);
        let label = if numbered {
            format!("{}. {text}", index + 1)
        } else {
            text.into_owned()
        };
        match marks.iter_mut().find(|mark| mark.span == step.span) {
            Some(mark) if mark.label.is_empty() => mark.label = label,
            Some(mark) => mark.label = format!("{}; {label}", mark.label),
            None => marks.push(Mark {
                span: step.span,
                label,
                is_primary: false,
            }),
        }
    }
    let mut files: Vec<(FileId, Vec<Mark>)> = Vec::new();
    for mark in marks {
        match files.iter_mut().find(|(file, _)| *file == mark.span.file) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((mark.span.file, vec![mark])),
        }
    }
    files
}

/// Whether the steps, read from top to bottom, are in order: then they need no numbers.
fn reads_downwards(finding: &Finding) -> bool {
    finding.steps.is_sorted_by_key(|step| step.span)
        && finding
            .steps
            .iter()
            .all(|step| step.span.file == finding.primary.file)
}

/// A piece of a file with only what is to be seen: marked lines, cut where they are very long, and the lines
/// around them empty.
struct Excerpt<'a> {
    text: String,
    first_line: u32,
    annotations: Vec<Annotation<'a>>,
}

impl<'a> Excerpt<'a> {
    fn of(places: &Places<'a>, file: FileId, marks: &[Mark]) -> Self {
        let lines = places.lines(file);
        let line_of = |mark: &Mark| lines.position(mark.span.start).line;
        let mut by_line: BTreeMap<u32, Vec<&Mark>> = BTreeMap::new();
        for mark in marks {
            by_line.entry(line_of(mark)).or_default().push(mark);
        }
        let first_line = by_line.keys().next().copied().unwrap_or(1);
        let last_line = by_line.keys().next_back().copied().unwrap_or(1);
        let mut excerpt = Self {
            text: String::new(),
            first_line,
            annotations: Vec::new(),
        };
        for line in first_line..=last_line {
            let range = lines.range(line);
            match by_line.get(&line) {
                Some(marks) => excerpt.marked_line(lines.text(line), range.start, marks),
                // A single line between two marked ones is drawn, more are folded.
                None => excerpt.text += &cut(lines.text(line), 0..0).text,
            }
            excerpt.text.push('\n');
        }
        excerpt
    }

    fn marked_line(&mut self, text: &str, start: usize, marks: &[&Mark]) {
        let on_line = |mark: &Mark| {
            let range = mark.span.range();
            range.start.saturating_sub(start).min(text.len())
                ..range.end.saturating_sub(start).min(text.len())
        };
        let primary = marks.iter().find(|mark| mark.is_primary).or(marks.first());
        let line = cut(text, primary.map(|mark| on_line(mark)).unwrap_or_default());
        for mark in marks {
            let kind = if mark.is_primary {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let range = line.map(on_line(mark));
            let range = self.text.len() + range.start..self.text.len() + range.end;
            let label = (!mark.label.is_empty()).then(|| mark.label.clone());
            self.annotations.push(kind.span(range).label(label));
        }
        self.text += &line.text;
    }
}

/// A line as it is drawn.
struct Cut {
    text: String,
    /// Where each drawn character comes from and where it stands now.
    offsets: Vec<(usize, usize)>,
}

impl Cut {
    /// A range of the original line, in the drawn one; never empty where there is a character to point at.
    fn map(&self, range: Range<usize>) -> Range<usize> {
        let at = |offset: usize| {
            let next = self
                .offsets
                .partition_point(|(original, _)| *original < offset);
            self.offsets
                .get(next)
                .map_or(self.text.len(), |(_, drawn)| *drawn)
        };
        let (start, end) = (at(range.start), at(range.end));
        start..end.max(start)
    }
}

/// Cuts a line to [`WIDTH`] characters around a range, and makes what could deceive a reader visible.
fn cut(line: &str, focus: Range<usize>) -> Cut {
    let before = line.get(..focus.start).unwrap_or_default();
    let from = if line.len() <= WIDTH {
        0
    } else {
        // A third of the width leads up to the place.
        let back = before
            .char_indices()
            .rev()
            .nth(WIDTH / 3)
            .map_or(0, |(offset, _)| offset);
        if line
            .get(back..)
            .unwrap_or_default()
            .chars()
            .take(WIDTH)
            .count()
            < WIDTH
        {
            let tail = line.char_indices().rev().nth(WIDTH - 1);
            tail.map_or(0, |(offset, _)| offset)
        } else {
            back
        }
    };
    let mut out = Cut {
        text: String::new(),
        offsets: Vec::new(),
    };
    if from > 0 {
        out.text.push('…');
    }
    let rest = line.get(from..).unwrap_or_default();
    for (drawn, (offset, letter)) in rest.char_indices().enumerate() {
        if drawn >= WIDTH {
            out.offsets.push((from + offset, out.text.len()));
            out.text.push('…');
            break;
        }
        out.offsets.push((from + offset, out.text.len()));
        out.text.push(visible(letter));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::samples::{finding, leak, notices, rendered, sources, span};
    use super::*;
    use crate::finding::StepKind;

    #[test]
    fn a_finding_is_drawn_with_its_path() {
        let (sources, findings) = leak();
        let text = rendered(&sources, &findings, &notices(), Format::Text);
        let expected = "\
error[unreleased-client]: client `client` of pool `pool` is not released when `query` throws
 --> src/pay [v2].ts:2:23
  |
2 |     const client = await pool.connect()
  |                          ^^^^^^^^^^^^^^ 1. checked out here
3 |     await charge(client, id)
  |           ------------------ 2. calls `charge`
4 |     client.release()
  |     ---------------- 4. not reached
  |
 ::: src/charge.ts:2:17
  |
2 |   return client.query('é😀', [id])
  |                 ------------------ 3. may throw here
  |
  = help: poolgate explain unreleased-client

notice: src/big.ts: is larger than 10 MB
notice: src/odd.py:3: 2 lines not understood

1 error
";
        assert_eq!(text, expected);
    }

    #[test]
    fn long_lines_are_cut_and_nothing_deceives() {
        let filler = "x".repeat(5000);
        let line = format!("{filler} \u{202e}acquire(\u{1b}[31m) {filler}\nnext()\n");
        let sources = sources(&[("a.ts", &line)]);
        let at = span(&sources, "a.ts", "acquire(\u{1b}[31m)");
        let findings = [finding(
            at,
            "bad \u{1b}[2J\u{202e}",
            &[(at, "here\u{7}", StepKind::Acquire)],
        )];
        let text = rendered(&sources, &findings, &[], Format::Text);
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() < WIDTH + 20),
            "{text}"
        );
        let carets = text.lines().find(|line| line.contains('^')).unwrap();
        assert_eq!(carets.matches('^').count(), 14, "{text}");
        let excerpt = text.lines().find(|line| line.contains("acquire(")).unwrap();
        let column = |line: &str, what: &str| line.split_once(what).unwrap().0.chars().count();
        assert_eq!(column(excerpt, "acquire("), column(carets, "^"), "{text}");
    }
}
