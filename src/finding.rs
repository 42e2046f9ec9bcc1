//! What the gate says, as plain data: findings with their story, and notices about input it could not use.
//!
//! Invariant: a finding cannot be built without its rule, message and primary span.
use crate::source::Span;

/// How bad a finding is; ordered, so `level >= fail_on` asks whether it fails the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Worth fixing.
    Warning,
    /// An outage in waiting.
    Error,
}

impl Level {
    /// The word used in configuration, SARIF and text.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The level of a word; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Note, Self::Warning, Self::Error]
            .into_iter()
            .find(|level| level.word() == word)
    }
}

/// How sure the analysis is. Only `High` is reported by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Confidence {
    /// Rests on a call that hardly ever raises.
    Low,
    /// Every step is something that can happen.
    High,
}

/// What a step is in the story of a finding; reports choose their colours and importance by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// The resource is taken here.
    Acquire,
    /// Control goes this way.
    Branch,
    /// Goes into another function.
    Call,
    /// May raise here.
    Raise,
    /// Waits for somebody else here.
    Wait,
    /// Leaves the function here.
    Exit,
    /// A fact that explains, off the path (a release that other paths reach).
    Aside,
}

/// One step of the path that proves a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub span: Span,
    /// What happens there: one line, lower case, no full stop.
    pub message: String,
    /// Its part in the story.
    pub kind: StepKind,
}

/// Something the gate found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How bad.
    pub level: Level,
    /// How sure.
    pub confidence: Confidence,
    /// The one place the finding is about; the contract says which, per rule.
    pub primary: Span,
    /// One line, lower case, no full stop, naming the user's own variable and pool.
    pub message: String,
    /// The path, in order. Empty where the place alone says it.
    pub steps: Vec<Step>,
    /// What names the finding when lines move: function path, text of the site.
    pub identity: String,
}

/// Something about the input that the reader must know: a file not read, lines not understood.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The path as given or found; empty when it concerns the whole run.
    pub path: String,
    /// Line from 1, where one is known.
    pub line: Option<u32>,
    /// One line: what was left out and what to do about it.
    pub message: String,
}

/// How often a rule is right, measured on real projects; code scanning sorts by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Hardly ever wrong.
    VeryHigh,
    /// Seldom wrong.
    High,
    /// Worth a look.
    Medium,
    /// Often wrong.
    Low,
}

impl Precision {
    /// The word used in SARIF.
    pub fn word(self) -> &'static str {
        match self {
            Self::VeryHigh => "very-high",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// What a rule says of itself.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// Its id, the name of its page too.
    pub id: &'static str,
    /// Its group (`leak`, `transaction`, `query`, `budget`, `meta`).
    pub group: &'static str,
    /// How bad its findings are, unless the finding says otherwise.
    pub level: Level,
    /// One line.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub page: &'static str,
    /// How often it is right.
    pub precision: Precision,
}

/// The candidate most like `word`, for "did you mean"; `None` where none is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |candidate: &&str| {
        let (distance, _) = scored(word, candidate);
        distance <= candidate.len().max(word.len()).div_ceil(2)
    };
    let candidates = candidates.into_iter().filter(near);
    candidates.min_by_key(|candidate| scored(word, candidate))
}

fn scored(word: &str, candidate: &str) -> (usize, String) {
    let distance = strsim::damerau_levenshtein(&word.to_lowercase(), candidate);
    (distance, candidate.to_owned())
}
