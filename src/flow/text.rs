//! The text of statements, as far as it is constant: enough to see where transactions begin and end.
use super::sites::View;
use super::summary::Summaries;
use crate::ir::{
    Action, BlockId, Constant, ImportId, LocalId, LocalKind, Piece, Terminator, Value,
};
use crate::library::Effect;
use crate::link::FunctionKey;
use crate::symbol::Symbol;
use rustc_hash::FxHashMap;

/// Constants are followed through this many assignments.
const CONSTANT_LIMIT: u32 = 6;

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

    /// The verb of a statement, from its first words.
    fn of(text: &str) -> Option<Self> {
        let text = text.trim_start();
        let is_word = |c: char| !(c.is_alphanumeric() || c == '_');
        let mut words = text.split(is_word).filter(|word| !word.is_empty());
        let first = words.next()?.to_ascii_uppercase();
        let second = words.next().unwrap_or_default().to_ascii_uppercase();
        match (first.as_str(), second.as_str()) {
            // `BEGIN p(); END;` is a block of a procedural language.
            ("BEGIN", second) if BEGINS.contains(&second) => Some(Self::Begin),
            ("START", "TRANSACTION") => Some(Self::Begin),
            ("COMMIT" | "END", _) => Some(Self::Commit),
            ("ROLLBACK", "TO") => None,
            ("ROLLBACK" | "ABORT", _) if !text.to_ascii_uppercase().contains(" TO ") => {
                Some(Self::RollBack)
            }
            _ => None,
        }
    }
}

/// What the values of a function's locals are, where each is assigned one constant.
pub type Constants = FxHashMap<LocalId, Known>;

/// A constant value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    /// A constant, or the literal start of an interpolated text.
    Constant(Constant),
    /// What another local is.
    Same(LocalId),
    /// The entry of an object literal that is a statement's text.
    Text(LocalId),
    /// What another file exports.
    Import(ImportId),
}

/// The constants of a function; a local that is assigned twice has none.
pub fn constants(view: &View<'_>) -> Constants {
    let mut found = Constants::default();
    let mut twice = Vec::new();
    let statements = view.body.blocks.iter().flat_map(|block| &block.statements);
    for statement in statements {
        let Action::Assign(target, value) = &statement.action else {
            continue;
        };
        let known = match value {
            Value::Constant(constant) => Some(Known::Constant(*constant)),
            Value::Local(source) => Some(Known::Same(*source)),
            Value::Import(import) => Some(Known::Import(*import)),
            Value::Text(pieces) => match pieces.first() {
                Some(Piece::Text(text)) => Some(Known::Constant(Constant::Text(*text))),
                _ => None,
            },
            Value::Record(entries) => {
                let is_text = |name: Symbol| name == "text" || name == "sql";
                let text = entries.iter().find(|(name, _)| is_text(*name));
                text.map(|(_, local)| Known::Text(*local))
            }
            _ => None,
        };
        match known {
            Some(known) if found.get(target).is_none_or(|before| *before == known) => {
                found.insert(*target, known);
            }
            _ => twice.push(*target),
        }
    }
    // What is also got from elsewhere is no constant.
    let given = view
        .body
        .blocks
        .iter()
        .filter_map(|block| match &block.terminator {
            Terminator::Call { call, .. } => Some(call.result),
            Terminator::Suspend { result, .. } => Some(*result),
            _ => None,
        });
    let parameters = view.body.parameters.iter().map(|parameter| parameter.local);
    for local in twice.into_iter().chain(given).chain(parameters) {
        found.remove(&local);
    }
    found
}

/// The constant that a local stands for, in its own function, an enclosing one or the file it is imported from.
pub fn constant(
    summaries: &mut Summaries<'_>,
    function: FunctionKey,
    local: LocalId,
) -> Option<Constant> {
    let world = summaries.values.world();
    let (mut function, mut local) = (function, local);
    for _ in 0..CONSTANT_LIMIT {
        if let LocalKind::Captured(..) = world.function(function).local(local).kind {
            (function, local) = world.origin(function, local);
        }
        let view = summaries.view(function);
        match view.constants().get(&local) {
            Some(Known::Constant(constant)) => return Some(*constant),
            Some(Known::Same(source) | Known::Text(source)) => local = *source,
            Some(Known::Import(import)) => {
                let file = world.module(function).file;
                (function, local) = summaries.values.imported_variable(file, *import)?;
            }
            None => return None,
        }
    }
    None
}

/// What the statement that a call sends does to a transaction.
pub fn verb(summaries: &mut Summaries<'_>, view: &View<'_>, block: BlockId) -> Option<Verb> {
    view.meaning(block).fact(Effect::Queries)?;
    let first = view.call(block)?.arguments.first()?.value;
    match constant(summaries, view.key, first)? {
        Constant::Text(text) => Verb::of(&text),
        _ => None,
    }
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
}
