//! Suppressions: comments `poolgate: ignore[rule-id] reason` at the end of a line or alone on the line above.
//!
//! In: the comments of the analysed files and the findings. Out: the findings parted into those that stand and
//! those that are suppressed; a suppression that suppresses nothing, or gives no reason, is a finding of its own.
use crate::finding::{Confidence, Finding, Level, RuleInfo, nearest};
use crate::source::{FileId, Lines, Sources, Span};
use std::collections::{BTreeMap, BTreeSet};

/// The rule that speaks of the suppressions themselves.
pub const UNUSED: &str = "unused-suppression";

/// A finding that a comment suppresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why, in the words of the comment; may be empty.
    pub reason: String,
}

/// The findings, parted.
#[derive(Debug, Default)]
pub struct Parted {
    /// What stands, with what is to be said about suppressions.
    pub findings: Vec<Finding>,
    /// What is suppressed.
    pub suppressed: Vec<Suppressed>,
}

/// Parts the findings. `checked` are the rules of this run: a suppression of another rule is never unused.
pub fn part(
    sources: &Sources,
    comments: &[Span],
    findings: Vec<Finding>,
    rules: &[RuleInfo],
    checked: &dyn Fn(&RuleInfo) -> bool,
) -> Parted {
    let mut suppressions = Suppressions::of(sources, comments);
    let mut parted = Parted::default();
    for finding in findings {
        match suppressions.reason(sources, &finding) {
            Some(reason) => parted.suppressed.push(Suppressed { finding, reason }),
            None => parted.findings.push(finding),
        }
    }
    let says = rules.iter().any(|rule| rule.id == UNUSED && checked(rule));
    if says {
        parted
            .findings
            .extend(suppressions.complaints(sources, rules, checked));
    }
    parted
}

/// A rule's id in a comment, its place, and whether it suppressed something.
type Named<'a> = (&'a str, Span, bool);

/// One comment.
#[derive(Debug)]
struct Suppression<'a> {
    span: Span,
    /// The line it speaks of.
    line: u32,
    /// `None`: it names no rules.
    rules: Option<Vec<Named<'a>>>,
    reason: &'a str,
}

struct Suppressions<'a> {
    files: BTreeMap<FileId, (Lines<'a>, Vec<Suppression<'a>>)>,
}

impl<'a> Suppressions<'a> {
    fn of(sources: &'a Sources, comments: &[Span]) -> Self {
        let mut spans: BTreeMap<FileId, BTreeSet<Span>> = BTreeMap::new();
        for comment in comments {
            if sources.text(*comment).contains(MARK) {
                spans.entry(comment.file).or_default().insert(*comment);
            }
        }
        let mut whole: BTreeMap<FileId, BTreeSet<u32>> = BTreeMap::new();
        for comment in comments.iter().filter(|it| spans.contains_key(&it.file)) {
            whole.entry(comment.file).or_default().insert(comment.start);
        }
        let mut files = BTreeMap::new();
        for (file, spans) in spans {
            let lines = Lines::new(&sources.get(file).text);
            let starts = whole.remove(&file).unwrap_or_default();
            let read = |span: Span| {
                let text = sources.text(span);
                let line = target(&lines, span, &starts);
                parse(text, span).map(|(rules, reason)| Suppression {
                    span,
                    line,
                    rules,
                    reason,
                })
            };
            let suppressions = spans.into_iter().filter_map(read).collect();
            files.insert(file, (lines, suppressions));
        }
        Self { files }
    }

    /// The reason for which a finding is suppressed, if it is.
    fn reason(&mut self, sources: &Sources, finding: &Finding) -> Option<String> {
        let (lines, suppressions) = self.files.get_mut(&finding.primary.file)?;
        let first = lines.position(finding.primary.start).line;
        let text = sources.text(finding.primary).trim_end();
        let last = first + u32::try_from(text.matches('\n').count()).unwrap_or_default();
        let mut reason = None;
        for suppression in suppressions {
            if !(first..=last).contains(&suppression.line) {
                continue;
            }
            for (rule, _, is_used) in suppression.rules.iter_mut().flatten() {
                if *rule == finding.rule {
                    *is_used = true;
                    reason = Some(suppression.reason.to_owned());
                }
            }
        }
        reason
    }

    fn complaints(
        &self,
        sources: &Sources,
        rules: &[RuleInfo],
        checked: &dyn Fn(&RuleInfo) -> bool,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for suppression in self.files.values().flat_map(|(_, it)| it) {
            let mut say = |span, message| findings.push(complaint(sources, span, message));
            let Some(named) = &suppression.rules else {
                let message = "suppression names no rule; write `poolgate: ignore[rule-id] reason`";
                say(suppression.span, message.to_owned());
                continue;
            };
            for (name, span, is_used) in named {
                match rules.iter().find(|rule| rule.id == *name) {
                    None => say(*span, unknown(name, rules)),
                    Some(rule) if !is_used && checked(rule) => {
                        say(
                            *span,
                            format!("suppression of `{name}` suppresses nothing; remove it"),
                        );
                    }
                    Some(_) => {}
                }
            }
            let is_used = named.iter().any(|(_, _, is_used)| *is_used);
            if is_used && suppression.reason.is_empty() {
                let message = "suppression gives no reason; write it after the bracket";
                say(suppression.span, message.to_owned());
            }
        }
        findings
    }
}

fn complaint(sources: &Sources, span: Span, message: String) -> Finding {
    Finding {
        rule: UNUSED,
        level: Level::Note,
        confidence: Confidence::High,
        primary: span,
        message,
        steps: Vec::new(),
        identity: format!("{}: {}", sources.get(span.file).path, sources.text(span)),
    }
}

fn unknown(name: &str, rules: &[RuleInfo]) -> String {
    match nearest(name, rules.iter().map(|rule| rule.id)) {
        Some(near) => {
            format!("suppression names `{name}`, which is no rule; did you mean `{near}`?")
        }
        None => {
            format!("suppression names `{name}`, which is no rule; `poolgate rules` lists them")
        }
    }
}

const MARK: &str = "poolgate:";

/// The rules a comment names and its reason; `None` where it is no suppression.
fn parse(text: &str, span: Span) -> Option<(Option<Vec<Named<'_>>>, &str)> {
    let (before, after) = text.split_once(MARK)?;
    let is_directive = before.trim_end().ends_with(['#', '/', '*', '-']) || before.is_empty();
    let rest = after
        .trim_start()
        .strip_prefix("ignore")
        .filter(|_| is_directive)?;
    let bracketed = rest
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let Some((list, reason)) = bracketed else {
        let is_word = rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '-');
        return (!is_word).then_some((None, ""));
    };
    let reason = reason
        .trim()
        .trim_end_matches("*/")
        .trim_end_matches("-->")
        .trim();
    let reason = reason.trim_start_matches([':', '-', '–', '—']).trim_start();
    let list_start = span.start + offset_in(text, list);
    let names = list.split(',').map(|item| {
        let name = item.trim();
        let start = list_start + offset_in(list, item) + offset_in(item, name);
        let end = start + length(name);
        (name, Span { start, end, ..span }, false)
    });
    Some((
        Some(names.filter(|(name, ..)| !name.is_empty()).collect()),
        reason,
    ))
}

/// Where a part of a text begins in it.
fn offset_in(text: &str, part: &str) -> u32 {
    let offset = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    u32::try_from(offset).unwrap_or_default()
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or_default()
}

/// The line a comment speaks of: its own, or, where it stands alone, the next that holds more than comments.
fn target(lines: &Lines, span: Span, comments: &BTreeSet<u32>) -> u32 {
    let line = lines.position(span.start).line;
    let is_alone = |line: u32| {
        let range = lines.range(line);
        let text = lines.text(line);
        let indent = text.len() - text.trim_start().len();
        let start = u32::try_from(range.start + indent).unwrap_or_default();
        comments.contains(&start)
    };
    let text = lines.text(line);
    let indent = text.len() - text.trim_start().len();
    if lines.range(line).start + indent != span.start as usize {
        return line;
    }
    let last = lines.position(span.end).line;
    let text_after = lines.text(last);
    let end_on_last = span.end as usize - lines.range(last).start.min(span.end as usize);
    let has_code_after = text_after
        .get(end_on_last..)
        .is_some_and(|rest| !rest.trim().is_empty());
    if has_code_after {
        return last;
    }
    let below = (last + 1)..=lines.count();
    let code = below
        .into_iter()
        .find(|line| !lines.text(*line).trim().is_empty() && !is_alone(*line));
    code.unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Precision;
    use crate::source::Source;

    fn rule(id: &'static str) -> RuleInfo {
        RuleInfo {
            id,
            group: "leak",
            level: Level::Error,
            summary: "",
            page: "",
            precision: Precision::High,
        }
    }

    /// Findings of rule `leak` wherever the text says `acquire()`; comments begin at `#` or `/*`.
    fn run(text: &str) -> (Vec<String>, Vec<String>) {
        let sources = Sources::new(vec![Source::new("a.py", text).unwrap()]);
        let file = FileId(0);
        let span = |start: usize, end: usize| Span {
            file,
            start: u32::try_from(start).unwrap(),
            end: u32::try_from(end).unwrap(),
        };
        let mut comments = Vec::new();
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if let Some(at) = line.find('#') {
                comments.push(span(offset + at, offset + line.trim_end().len()));
            } else if let (Some(at), Some(end)) = (line.find("/*"), line.find("*/")) {
                comments.push(span(offset + at, offset + end + 2));
            }
            offset += line.len();
        }
        let findings = text.match_indices("acquire(").map(|(at, _)| Finding {
            rule: "leak",
            level: Level::Error,
            confidence: Confidence::High,
            primary: span(at, at + text.split_at(at).1.find(')').unwrap() + 1),
            message: format!(
                "line {}",
                sources.position(file, u32::try_from(at).unwrap()).line
            ),
            steps: Vec::new(),
            identity: String::new(),
        });
        let rules = [rule("leak"), rule("other"), rule("off"), rule(UNUSED)];
        let checked = |rule: &RuleInfo| rule.id != "off";
        let parted = part(&sources, &comments, findings.collect(), &rules, &checked);
        let kept = parted
            .findings
            .iter()
            .map(|finding| finding.message.clone());
        let gone = parted
            .suppressed
            .iter()
            .map(|it| format!("{}: {}", it.finding.message, it.reason));
        (kept.collect(), gone.collect())
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next() {
        let (kept, gone) = run(
            "acquire()  # poolgate: ignore[leak] owned by the framework\n\
             # poolgate: ignore[leak] closed in atexit\n# and a word more\n\nacquire()\n\
             acquire()\n/* poolgate: ignore[leak] inline */ acquire()\n",
        );
        assert_eq!(
            gone,
            [
                "line 1: owned by the framework",
                "line 5: closed in atexit",
                "line 7: inline"
            ]
        );
        assert_eq!(kept, ["line 6"]);
    }

    #[test]
    fn the_end_of_a_call_over_several_lines_counts() {
        let (kept, gone) =
            run("acquire(\n  1,\n)  # type: ignore # poolgate: ignore[leak, other] why\n");
        assert_eq!(gone, ["line 1: why"]);
        assert_eq!(
            kept,
            ["suppression of `other` suppresses nothing; remove it"]
        );
    }

    #[test]
    fn what_a_suppression_lacks_is_said() {
        let (kept, gone) = run(
            "acquire()  # poolgate: ignore[leak]\nx()  # poolgate: ignore[off] fine\n\
             x()  # poolgate: ignore[lek] typo\nx()  # poolgate: ignore\nx()  # see poolgate: ignores it\n",
        );
        assert_eq!(gone, ["line 1: "]);
        assert_eq!(
            kept,
            [
                "suppression gives no reason; write it after the bracket",
                "suppression names `lek`, which is no rule; did you mean `leak`?",
                "suppression names no rule; write `poolgate: ignore[rule-id] reason`",
            ]
        );
    }
}
