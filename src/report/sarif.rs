//! SARIF 2.1.0, as GitHub's code scanning reads it.
//!
//! Invariant: one run, every rule in fixed order, and no more of anything than GitHub accepts.
use super::fingerprint::line_hashes;
use super::json::kind;
use super::place::Place;
use super::{Entries, Entry, Report};
use crate::finding::{Level, Notice, RuleInfo, Step, StepKind};
use crate::source::FileId;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");
const ROOT: &str = "%SRCROOT%";
/// A file with more results than this is refused.
const MOST_RESULTS: usize = 25_000;
/// Of more steps than this GitHub shows some.
const MOST_STEPS: usize = 1_000;
/// Related places beyond these help nobody.
const MOST_RELATED: usize = 20;
/// Links in a message beyond these make it unreadable.
const MOST_LINKS: usize = 4;
/// GitHub refuses longer descriptions.
const MOST_DESCRIPTION: usize = 1_000;

pub(super) fn render(report: &Report, entries: &Entries) -> String {
    let mut results = Results {
        entries,
        rules: report.rules,
        hashes: BTreeMap::new(),
    };
    let (kept, left_out) = most_severe(&entries.all);
    let results: Vec<Value> = kept
        .into_iter()
        .map(|entry| results.result(entry))
        .collect();
    let mut notifications: Vec<Value> = report.notices.iter().map(notification).collect();
    if left_out > 0 {
        let text = format!("{left_out} findings are left out: code scanning takes {MOST_RESULTS}");
        notifications.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver(report.rules) },
            "automationDetails": { "id": "poolgate/" },
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": {
                ROOT: { "description": { "text": "The top of the repository." } },
            },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn driver(rules: &[RuleInfo]) -> Value {
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": REPOSITORY,
        "rules": rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn rule(rule: &RuleInfo) -> Value {
    let uri = format!("{REPOSITORY}/blob/main/rules/{}.md", rule.id);
    let page = rule.page;
    let severity = match rule.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "recommendation",
    };
    json!({
        "id": rule.id,
        "name": camel(rule.id),
        "shortDescription": { "text": cut(rule.summary, MOST_DESCRIPTION) },
        "fullDescription": { "text": cut(&description(rule.summary, page), MOST_DESCRIPTION) },
        "help": {
            "text": format!("{}\n\nSee {uri}", page.trim()),
            "markdown": format!("{}\n\n[{}]({uri})", page.trim(), rule.id),
        },
        "helpUri": uri,
        "defaultConfiguration": { "level": rule.level.word() },
        "properties": {
            "precision": rule.precision.word(),
            "problem.severity": severity,
            "tags": ["database", "reliability", rule.group],
        },
    })
}

/// The first paragraph of the page, else the summary.
fn description(summary: &str, page: &str) -> String {
    let paragraphs = page.split("\n\n").map(str::trim);
    let first = paragraphs
        .filter(|text| !text.is_empty() && !text.starts_with('#'))
        .map(|text| text.lines().collect::<Vec<_>>().join(" "))
        .next();
    first.unwrap_or_else(|| summary.to_owned())
}

fn camel(id: &str) -> String {
    let words = id.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(most);
    format!("{}…", text.get(..end).unwrap_or_default())
}

/// All, or the most severe of too many, in their order; and how many are left out.
fn most_severe<'e, 'a>(all: &'e [Entry<'a>]) -> (Vec<&'e Entry<'a>>, usize) {
    let mut kept: Vec<(usize, &Entry)> = all.iter().enumerate().collect();
    if kept.len() > MOST_RESULTS {
        kept.sort_by_key(|(index, entry)| (std::cmp::Reverse(entry.finding.level), *index));
        kept.truncate(MOST_RESULTS);
        kept.sort_by_key(|(index, _)| *index);
    }
    let left_out = all.len() - kept.len();
    (kept.into_iter().map(|(_, entry)| entry).collect(), left_out)
}

struct Results<'e, 'a> {
    entries: &'e Entries<'a>,
    rules: &'e [RuleInfo],
    hashes: BTreeMap<FileId, Vec<String>>,
}

impl<'a> Results<'_, 'a> {
    fn result(&mut self, entry: &Entry<'a>) -> Value {
        let finding = entry.finding;
        let mut out = Map::new();
        out.insert("ruleId".into(), finding.rule.into());
        if let Some(index) = self.rules.iter().position(|rule| rule.id == finding.rule) {
            out.insert("ruleIndex".into(), index.into());
        }
        out.insert("level".into(), finding.level.word().into());
        let related = related(&finding.steps);
        let text = message(&finding.message, &related);
        out.insert("message".into(), json!({ "text": text }));
        let place = self.entries.places.place(finding.primary);
        out.insert(
            "locations".into(),
            json!([{ "physicalLocation": physical(&place) }]),
        );
        if !related.is_empty() {
            let places = related
                .iter()
                .map(|(id, step)| self.related_location(*id, step));
            out.insert("relatedLocations".into(), places.collect());
        }
        let path = path(&finding.steps);
        if !path.is_empty() {
            let locations: Vec<Value> = path
                .into_iter()
                .map(|step| self.flow_location(step))
                .collect();
            let flow = json!([{ "threadFlows": [{ "locations": locations }] }]);
            out.insert("codeFlows".into(), flow);
        }
        out.insert(
            "partialFingerprints".into(),
            self.fingerprints(entry, &place),
        );
        if let Some(reason) = entry.suppression {
            let suppression = json!([{ "kind": "inSource", "justification": reason }]);
            out.insert("suppressions".into(), suppression);
        }
        Value::Object(out)
    }

    fn fingerprints(&mut self, entry: &Entry<'a>, place: &Place) -> Value {
        let file = entry.finding.primary.file;
        let source = self.entries.places.source(file);
        let hashes = self
            .hashes
            .entry(file)
            .or_insert_with(|| line_hashes(source));
        let line = place.start.line as usize;
        let mut out = Map::new();
        // The upload hashes the bytes of the file; of those in other encodings it must do so itself.
        let hash = hashes
            .get(line.wrapping_sub(1))
            .filter(|_| !source.transcoded);
        if let Some(hash) = hash {
            out.insert("primaryLocationLineHash".into(), hash.as_str().into());
        }
        out.insert("poolgateFlow/v1".into(), entry.fingerprint.as_str().into());
        Value::Object(out)
    }

    fn related_location(&self, id: usize, step: &Step) -> Value {
        let place = self.entries.places.place(step.span);
        json!({
            "id": id,
            "physicalLocation": physical(&place),
            "message": { "text": step.message },
        })
    }

    fn flow_location(&self, step: &Step) -> Value {
        let place = self.entries.places.place(step.span);
        let importance = match step.kind {
            StepKind::Acquire | StepKind::Raise | StepKind::Wait | StepKind::Exit => "essential",
            StepKind::Call => "important",
            StepKind::Branch | StepKind::Aside => "unimportant",
        };
        json!({
            "location": {
                "physicalLocation": physical(&place),
                "message": { "text": step.message },
            },
            "kinds": [kind(step.kind)],
            "importance": importance,
        })
    }
}

/// The steps that are on the path; of too many the first and the last.
fn path(steps: &[Step]) -> Vec<&Step> {
    let path: Vec<&Step> = steps
        .iter()
        .filter(|step| step.kind != StepKind::Aside)
        .collect();
    if path.len() <= MOST_STEPS {
        return path;
    }
    let half = MOST_STEPS / 2;
    let (first, last) = (path.iter().take(half), path.iter().skip(path.len() - half));
    first.chain(last).copied().collect()
}

/// The steps worth a place of their own, numbered from 1: off the path or essential on it first.
fn related(steps: &[Step]) -> Vec<(usize, &Step)> {
    let mut chosen: Vec<(usize, &Step)> = steps.iter().enumerate().collect();
    if chosen.len() > MOST_RELATED {
        chosen.sort_by_key(|(index, step)| {
            (
                matches!(step.kind, StepKind::Branch | StepKind::Call),
                *index,
            )
        });
        chosen.truncate(MOST_RELATED);
        chosen.sort_by_key(|(index, _)| *index);
    }
    (1..)
        .zip(chosen.into_iter().map(|(_, step)| step))
        .collect()
}

/// The message with links to the places that tell the story.
fn message(text: &str, related: &[(usize, &Step)]) -> String {
    let telling = related
        .iter()
        .filter(|(_, step)| step.kind != StepKind::Branch);
    let telling: Vec<&(usize, &Step)> = telling.collect();
    let skipped = telling.len().saturating_sub(MOST_LINKS);
    // The acquisition first, then the end of the story.
    let links = telling
        .iter()
        .take(1)
        .chain(telling.iter().skip(1 + skipped));
    let links: Vec<String> = links
        .map(|(id, step)| format!("[{}]({id})", link_text(&step.message)))
        .collect();
    if links.is_empty() {
        return text.to_owned();
    }
    format!("{text}. Path: {}.", links.join(", "))
}

fn link_text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('[', "\\[")
        .replace(']', "\\]")
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": { "uri": uri(place.path), "uriBaseId": ROOT },
        "region": {
            "startLine": place.start.line,
            "startColumn": place.start.column,
            "endLine": place.end.line,
            "endColumn": place.end.column,
        },
    })
}

/// A relative reference as RFC 3986 has it.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn notification(notice: &Notice) -> Value {
    let mut text = notice.message.clone();
    if !notice.path.is_empty() {
        text = format!("{} {text}", notice.path);
    }
    let mut out = Map::new();
    out.insert("level".into(), "warning".into());
    out.insert("message".into(), json!({ "text": text }));
    if !notice.path.is_empty() {
        let mut physical = Map::new();
        let artifact = json!({ "uri": uri(&notice.path), "uriBaseId": ROOT });
        physical.insert("artifactLocation".into(), artifact);
        if let Some(line) = notice.line {
            physical.insert("region".into(), json!({ "startLine": line.max(1) }));
        }
        out.insert(
            "locations".into(),
            json!([{ "physicalLocation": physical }]),
        );
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::samples::{finding, leak, notices, rendered, sources, span, whole};
    use super::*;
    use crate::finding::Finding;
    use crate::source::Sources;

    fn run(sources: &Sources, findings: &[Finding]) -> Value {
        let text = rendered(sources, findings, &notices(), Format::Sarif);
        let log: Value = serde_json::from_str(&text).unwrap();
        // One pattern of the official file has a bracket too many and is no regular expression.
        let schema = include_str!("../../tests/sarif-schema-2.1.0.json").replace("{2}]?$", "{2}$");
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&log)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
        log["runs"][0].clone()
    }

    #[test]
    fn a_result_has_all_that_code_scanning_reads() {
        let (sources, findings) = leak();
        let run = run(&sources, &findings);
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(rules.len(), 2);
        assert_eq!(rules[0]["name"], "UnreleasedClient");
        assert_eq!(
            rules[0]["fullDescription"]["text"],
            "Some path keeps the client."
        );
        assert!(
            rules[0]["help"]["markdown"]
                .as_str()
                .unwrap()
                .starts_with("# unreleased-client")
        );
        assert_eq!(rules[1]["properties"]["problem.severity"], "recommendation");
        let result = &run["results"][0];
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(
            result["message"]["text"],
            "client `client` of pool `pool` is not released when `query` throws. Path: [checked out here](1), \
             [calls `charge`](2), [may throw here](3), [not reached](4)."
        );
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "src/pay%20%5Bv2%5D.ts");
        assert_eq!(
            physical["region"],
            json!({ "startLine": 2, "startColumn": 23, "endLine": 2, "endColumn": 37 })
        );
        let flow = &result["codeFlows"][0]["threadFlows"][0]["locations"];
        assert_eq!(flow.as_array().unwrap().len(), 3);
        assert_eq!(flow[2]["importance"], "essential");
        // é is one unit, the emoji two.
        assert_eq!(
            flow[2]["location"]["physicalLocation"]["region"]["endColumn"],
            35
        );
        assert_eq!(result["relatedLocations"].as_array().unwrap().len(), 4);
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
        let notices = &run["invocations"][0]["toolExecutionNotifications"];
        assert_eq!(
            notices[1]["locations"][0]["physicalLocation"]["region"]["startLine"],
            3
        );
    }

    #[test]
    fn github_limits_hold() {
        let sources = sources(&[("a.ts", "f(\n)\n")]);
        let at = whole(&sources);
        let call = (at, "calls [x](9) \\", StepKind::Call);
        let long = finding(at, "x", &vec![call; 3000]);
        let mut findings = vec![finding(at, "y", &[]); 25_100];
        findings.push(long);
        for finding in findings.iter_mut().take(200) {
            finding.level = Level::Note;
        }
        let run = run(&sources, &findings);
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), MOST_RESULTS);
        assert_eq!(
            results
                .iter()
                .filter(|result| result["level"] == "note")
                .count(),
            99
        );
        let long = results
            .iter()
            .find(|result| result.get("codeFlows").is_some())
            .unwrap();
        let flow = &long["codeFlows"][0]["threadFlows"][0]["locations"];
        assert_eq!(flow.as_array().unwrap().len(), MOST_STEPS);
        assert_eq!(
            long["relatedLocations"].as_array().unwrap().len(),
            MOST_RELATED
        );
        let text = long["message"]["text"].as_str().unwrap();
        assert!(text.contains("[calls \\[x\\](9) \\\\](1)"), "{text}");
        let notices = run["invocations"][0]["toolExecutionNotifications"]
            .as_array()
            .unwrap();
        assert!(
            notices.last().unwrap()["message"]["text"]
                .as_str()
                .unwrap()
                .starts_with("101 findings")
        );
    }

    #[test]
    fn findings_alike_have_names_of_their_own() {
        let sources = sources(&[("a.ts", "f()\nf()\n")]);
        let at = span(&sources, "a.ts", "f()");
        let run = run(&sources, &[finding(at, "x", &[]), finding(at, "x", &[])]);
        let names: Vec<&str> = (0..2)
            .map(|index| {
                run["results"][index]["partialFingerprints"]["poolgateFlow/v1"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert!(
            names[0].ends_with(":1") && names[1].ends_with(":2"),
            "{names:?}"
        );
    }
}
