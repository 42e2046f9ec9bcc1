//! The text of statements, as far as it is constant: enough to see where transactions begin and end.
use super::sites::View;
use super::summary::Summaries;
use crate::ir::{
    Action, BlockId, Constant, ImportId, LocalId, LocalKind, Piece, Terminator, Value,
};
use crate::library::{Effect, Returns};
use crate::link::FunctionKey;
use crate::symbol::Symbol;
use rustc_hash::{FxHashMap, FxHashSet};

/// Constants are followed through this many assignments.
const CONSTANT_LIMIT: u32 = 6;

/// A local is one of at most this many constants.
const CHOICE_LIMIT: usize = 4;

/// What follows `BEGIN` where it begins a transaction, in any dialect.
const BEGINS: [&str; 12] = [
    "",
    "TRANSACTION",
    "TRAN",
    "WORK",
    "ISOLATION",
    "READ",
    "NOT",
    "DEFERRABLE",
    "DEFERRED",
    "IMMEDIATE",
    "EXCLUSIVE",
    "CONCURRENT",
];

/// Stands for what an interpolated text has in a hole.
const HOLE: char = '\u{fffc}';

/// What a statement does to a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK`, `ABORT`, but not to a savepoint.
    RollBack,
}

impl Verb {
    /// Whether the transaction is over after it.
    pub fn ends(self) -> bool {
        self != Self::Begin
    }

    /// What a text does to a transaction, all of its statements together: one that ends what it began does nothing.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (mut is_open, mut ended) = (false, None);
        for statement in statements(text) {
            match Part::of(&statement) {
                Part::Unknown => return None,
                Part::Other => {}
                Part::Verb(Self::Begin) => is_open = true,
                Part::Verb(end) => {
                    ended = if is_open { ended } else { Some(end) };
                    is_open = false;
                }
            }
        }
        if is_open { Some(Self::Begin) } else { ended }
    }

    /// What holds whichever of the two it is.
    fn common(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, other) if one == other => Some(one),
            (Self::Begin, _) | (_, Self::Begin) => None,
            _ => Some(Self::RollBack),
        }
    }
}

/// What one statement of a text is.
enum Part {
    /// It begins or ends a transaction.
    Verb(Verb),
    /// Some other statement.
    Other,
    /// Nobody knows, of the rest of the text neither: a hole, a block of a procedural language.
    Unknown,
}

impl Part {
    /// By the first words of a statement.
    fn of(statement: &str) -> Self {
        let text = statement.trim_start().to_ascii_uppercase();
        let is_gap = |c: char| !(c.is_alphanumeric() || c == '_' || c == HOLE);
        let mut words = text.split(is_gap).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        match (first, second) {
            ("BEGIN", second) if BEGINS.contains(&second) || second.starts_with(HOLE) => {
                Self::Verb(Verb::Begin)
            }
            ("START", "TRANSACTION") => Self::Verb(Verb::Begin),
            ("COMMIT" | "END", _) => Self::Verb(Verb::Commit),
            ("ROLLBACK", "TO") => Self::Other,
            ("ROLLBACK" | "ABORT", _) if !text.contains(" TO ") => Self::Verb(Verb::RollBack),
            // `BEGIN p(); END;` is a block of a procedural language.
            ("BEGIN" | "CREATE" | "DECLARE" | "DO", _) => Self::Unknown,
            (first, _) if first.starts_with(HOLE) => Self::Unknown,
            _ => Self::Other,
        }
    }
}

/// The statements of a text, without its comments and what it has in quotes.
fn statements(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut statement, mut rest) = (String::new(), text);
    while !rest.is_empty() {
        let skipped = skipped(rest);
        if skipped > 0 {
            statement.push(' ');
            rest = rest.get(skipped..).unwrap_or_default();
            continue;
        }
        let mut characters = rest.chars();
        match characters.next() {
            Some(';') => found.push(std::mem::take(&mut statement)),
            next => statement.extend(next),
        }
        rest = characters.as_str();
    }
    found.push(statement);
    found
}

/// How much of a text is the comment or the quoted part that it starts with.
fn skipped(text: &str) -> usize {
    let until = |open: usize, close: &str| {
        let inner = text.get(open..).unwrap_or_default();
        let length = inner.find(close).map(|end| open + end + close.len());
        length.unwrap_or(text.len())
    };
    match text.as_bytes() {
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'$', ..] => {
            let name = text.trim_start_matches('$');
            let name = name.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let tag = text.len() - name.len() + 1;
            let is_tag = text.starts_with("$$") || name.starts_with('$');
            let tag = if text.starts_with("$$") { 2 } else { tag };
            let close = text.get(..tag).filter(|_| is_tag);
            close.map_or(0, |close| until(tag, close))
        }
        _ => 0,
    }
}

/// What the values of a function's locals are, as far as each is one of few constants.
#[derive(Debug, Default)]
pub struct Constants {
    known: FxHashMap<LocalId, Vec<Known>>,
    /// These may be something else as well.
    others: FxHashSet<LocalId>,
}

/// A constant value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// A constant, or an interpolated text that begins with a literal.
    Constant(Constant),
    /// What another local is.
    Same(LocalId),
    /// The entry of an object literal that is a statement's text.
    Text(LocalId),
    /// What another file exports.
    Import(ImportId),
}

impl Constants {
    /// The constants of a function.
    pub fn new(view: &View<'_>) -> Self {
        let mut found = Self::default();
        let statements = view.body.blocks.iter().flat_map(|block| &block.statements);
        for statement in statements {
            if let Action::Assign(target, value) = &statement.action {
                found.note(*target, known(value));
            }
        }
        // What is also got from elsewhere is no constant.
        for block in &view.body.blocks {
            match &block.terminator {
                Terminator::Call { call, .. } => found.others.insert(call.result),
                Terminator::Suspend { result, .. } => found.others.insert(*result),
                _ => false,
            };
        }
        let parameters = view.body.parameters.iter();
        found
            .others
            .extend(parameters.map(|parameter| parameter.local));
        found
    }

    fn note(&mut self, local: LocalId, value: Option<Known>) {
        let values = self.known.entry(local).or_default();
        match value {
            Some(value) if values.contains(&value) => {}
            Some(value) if values.len() < CHOICE_LIMIT => values.push(value),
            _ => {
                self.others.insert(local);
            }
        }
    }

    /// What a local always is.
    pub fn get(&self, local: &LocalId) -> Option<&Known> {
        match self.all(*local) {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether a local is assigned anything but what a call gives.
    pub fn is_assigned(&self, local: LocalId) -> bool {
        self.known.contains_key(&local)
    }

    /// All that a local may be; nothing where that is not known.
    fn all(&self, local: LocalId) -> &[Known] {
        let known = self.known.get(&local);
        let known = known.filter(|_| !self.others.contains(&local));
        known.map_or(&[], Vec::as_slice)
    }
}

fn known(value: &Value) -> Option<Known> {
    match value {
        Value::Constant(constant) => Some(Known::Constant(*constant)),
        Value::Local(source) => Some(Known::Same(*source)),
        Value::Import(import) => Some(Known::Import(*import)),
        Value::Text(pieces) => Some(Known::Constant(Constant::Text(interpolated(pieces)?))),
        Value::Record(entries) => {
            let is_text = |name: Symbol| name == "text" || name == "sql";
            let text = entries.iter().find(|(name, _)| is_text(*name));
            text.map(|(_, local)| Known::Text(*local))
        }
        _ => None,
    }
}

/// An interpolated text that begins with a literal, with its holes: as a whole where it is of several statements, else
/// its beginning says enough.
fn interpolated(pieces: &[Piece]) -> Option<Symbol> {
    let Some(Piece::Text(first)) = pieces.first() else {
        return None;
    };
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Hole(_) => text.push(HOLE),
        }
    }
    Some(if text.contains(';') {
        Symbol::new(&text)
    } else {
        *first
    })
}

/// The constant that a local stands for, in its own function, an enclosing one or the file it is imported from.
pub fn constant(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Option<Constant> {
    match choices(summaries, function, local).as_slice() {
        [constant] => Some(*constant),
        _ => None,
    }
}

/// All constants that a local may stand for; none where it may be something else.
pub(super) fn choices(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Vec<Constant> {
    let world = summaries.values.world();
    let mut found = Vec::new();
    let mut work = vec![(function, local, 0)];
    while let Some((mut function, mut local, depth)) = work.pop() {
        if let LocalKind::Captured(..) = world.function(function).local(local).kind {
            (function, local) = world.origin(function, local);
        }
        let view = summaries.view(function);
        let given = statement_text(&view, local).map(Known::Same);
        let known = view.constants().all(local).iter().copied().chain(given);
        let known: Vec<_> = known.collect();
        if known.is_empty() || depth >= CONSTANT_LIMIT || found.len() > CHOICE_LIMIT {
            return Vec::new();
        }
        for known in known {
            match known {
                Known::Constant(constant) => found.push(constant),
                Known::Same(source) | Known::Text(source) => {
                    work.push((function, source, depth + 1));
                }
                Known::Import(import) => {
                    let file = world.module(function).file;
                    let Some((function, local)) = summaries.values.imported_variable(file, import)
                    else {
                        return Vec::new();
                    };
                    work.push((function, local, depth + 1));
                }
            }
        }
    }
    found
}

/// The text of the statement that a call makes of it: `text("BEGIN")`.
pub(super) fn statement_text(view: &View<'_>, local: LocalId) -> Option<LocalId> {
    let (block, call) = view.call_giving(local)?;
    let facts = &view.meaning(block).facts;
    let position = facts.iter().find_map(|(fact, _)| match fact.returns {
        Returns::Argument(position) => Some(position),
        _ => None,
    })?;
    let text = call.arguments.get(position as usize)?.value;
    (text != local).then_some(text)
}

/// What the text that a local stands for does to a transaction.
pub(super) fn verb_of(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Option<Verb> {
    let texts = choices(summaries, function, local).into_iter();
    let verbs = texts.map(|constant| match constant {
        Constant::Text(text) => summaries.verb(text),
        _ => None,
    });
    let verbs: Option<Vec<_>> = verbs.collect();
    let mut verbs = verbs?.into_iter();
    let first = verbs.next()?;
    verbs.try_fold(first, Verb::common)
}

/// What the statement that a call sends does to a transaction.
pub fn verb(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Option<Verb> {
    view.meaning(block).fact(Effect::Queries)?;
    let first = view.call(block)?.arguments.first()?.value;
    verb_of(summaries, view.key, first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_read_from_the_first_words() {
        assert_eq!(Verb::of("begin"), Some(Verb::Begin));
        assert_eq!(
            Verb::of("  START  TRANSACTION READ ONLY"),
            Some(Verb::Begin)
        );
        assert_eq!(Verb::of("Commit;"), Some(Verb::Commit));
        assert_eq!(Verb::of("ROLLBACK AND CHAIN"), Some(Verb::RollBack));
        assert_eq!(Verb::of("ROLLBACK TO SAVEPOINT a"), None);
        assert_eq!(Verb::of("ROLLBACK WORK TO a"), None);
        assert_eq!(Verb::of("SAVEPOINT a"), None);
        assert_eq!(Verb::of("begin; "), Some(Verb::Begin));
        assert_eq!(Verb::of("BEGIN gather_stats(:a); END;"), None);
        assert_eq!(Verb::of("beginning"), None);
        assert_eq!(Verb::of(""), None);
    }

    #[test]
    fn comments_and_quotes_say_nothing() {
        assert_eq!(Verb::of("/* c */ BEGIN"), Some(Verb::Begin));
        assert_eq!(Verb::of("-- x\nBEGIN /* y */ READ ONLY"), Some(Verb::Begin));
        assert_eq!(Verb::of("-- BEGIN"), None);
        assert_eq!(Verb::of("/* BEGIN"), None);
        assert_eq!(Verb::of("insert into t values ('; COMMIT')"), None);
        assert_eq!(Verb::of("select $1 ; ROLLBACK"), Some(Verb::RollBack));
    }

    #[test]
    fn several_statements_are_read_together() {
        assert_eq!(Verb::of("BEGIN; update t set a = 1"), Some(Verb::Begin));
        assert_eq!(Verb::of("BEGIN; update t set a = 1; COMMIT"), None);
        assert_eq!(Verb::of("update t set a = 1; COMMIT;"), Some(Verb::Commit));
        assert_eq!(Verb::of("ROLLBACK; BEGIN; COMMIT"), Some(Verb::RollBack));
        assert_eq!(Verb::of("COMMIT; BEGIN"), Some(Verb::Begin));
        assert_eq!(Verb::of("DO $$ BEGIN x(); END $$"), None);
        assert_eq!(Verb::of("DO $a$ BEGIN x(); COMMIT; END; $a$; COMMIT"), None);
        assert_eq!(Verb::of("create function f() begin x(); end"), None);
        assert_eq!(Verb::of("BEGIN; \u{fffc}; select 1"), None);
        assert_eq!(
            Verb::of("BEGIN; update t set a = \u{fffc}"),
            Some(Verb::Begin)
        );
    }
}
