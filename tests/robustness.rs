//! Broken, deep and huge input: no panic, a sound graph, in bounded time.
//!
//! Every code block of every page serves: each of its prefixes, and the block without each of its lines.
mod markdown;

use libtest_mimic::{Arguments, Failed, Trial};
use markdown::{blocks, file_name, pages};
use poolgate::ir::{
    Action, Callee, Function, FunctionId, LocalId, LocalKind, Module, Piece, Terminator, Type,
    Value,
};
use poolgate::lower::lower;
use poolgate::source::{FileId, Source};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What one lowering of hostile input may take in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for folder in ["tests/ir", "tests/cases", "rules"] {
        for (path, page) in pages(folder) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            for block in blocks(&page) {
                let Some(file) = file_name(&block) else {
                    continue;
                };
                let place = block.range.start;
                let title = format!("{folder}/{name}:{place}: {}", block.heading);
                let code = block.text.to_owned();
                trials.push(Trial::test(title, move || mutilated(&file, &code)));
            }
        }
    }
    for (name, file, text) in hostile() {
        trials.push(Trial::test(name, move || lowers(file, &text)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Every prefix, and every text with one line removed.
fn mutilated(file: &str, code: &str) -> Result<(), Failed> {
    for (end, _) in code.char_indices() {
        lowers(file, code.get(..end).unwrap_or_default())?;
    }
    for removed in 0..code.lines().count() {
        let lines = code.lines().enumerate();
        let kept = lines.filter(|(number, _)| *number != removed);
        let kept: Vec<_> = kept.map(|(_, line)| line).collect();
        lowers(file, &kept.join("\n"))?;
    }
    Ok(())
}

fn lowers(file: &str, text: &str) -> Result<(), Failed> {
    let source = Source::new(file, text).ok_or("no language")?;
    let start = Instant::now();
    let module = lower(FileId(0), &source);
    let took = start.elapsed();
    let excerpt: String = text.chars().take(300).collect();
    if took > PATIENCE {
        return Err(format!("took {took:?} for {excerpt}").into());
    }
    sound(&module).map_err(|fault| format!("{fault} in {excerpt}").into())
}

/// Every id in a module leads somewhere.
fn sound(module: &Module) -> Result<(), String> {
    let owns = |function: FunctionId, local: LocalId| {
        let function = module.functions.get(function.index());
        function.is_some_and(|function| local.index() < function.locals.len())
    };
    for (index, function) in module.functions.iter().enumerate() {
        let (id, name) = (FunctionId::new(index), function.name);
        if let Some(local) = locals(function).into_iter().find(|local| !owns(id, *local)) {
            return Err(format!("no local {} in {name}", local.0));
        }
        let mut outside = evaluated_outside(function);
        if let Some(local) = outside.find(|local| !owns(function.parent, *local)) {
            return Err(format!("no local {} around {name}", local.0));
        }
        for local in &function.locals {
            if let LocalKind::Captured(owner, variable) = local.kind
                && !owns(owner, variable)
            {
                return Err(format!("captured from nowhere: {}", local.name));
            }
        }
        for block in &function.blocks {
            let mut next = block.terminator.successors();
            if next.any(|next| next.index() >= function.blocks.len()) {
                return Err(format!("an edge to nowhere in {name}"));
            }
        }
    }
    for class in &module.classes {
        let mut outside = class.bases.clone();
        outside.extend(class.decorators.iter().map(|decorator| decorator.value));
        for field in &class.fields {
            outside.extend(field.value);
            type_locals(field.annotation.as_ref(), &mut outside);
        }
        if let Some(local) = outside.iter().find(|local| !owns(class.parent, **local)) {
            return Err(format!("no local {} around {}", local.0, class.name));
        }
    }
    Ok(())
}

/// What a function's declaration makes the enclosing function evaluate.
fn evaluated_outside(function: &Function) -> impl Iterator<Item = LocalId> {
    let decorators = function.decorators.iter().map(|decorator| decorator.value);
    let parameters = function.parameters.iter();
    let defaults =
        parameters.flat_map(|item| item.default.into_iter().chain(item.decorators.clone()));
    decorators.chain(defaults)
}

fn type_locals(declared: Option<&Type>, locals: &mut Vec<LocalId>) {
    match declared {
        Some(Type::Name(local, _)) => locals.extend(local),
        Some(Type::Generic(base, arguments)) => {
            type_locals(Some(base), locals);
            for argument in arguments {
                type_locals(Some(argument), locals);
            }
        }
        Some(Type::Union(members)) => {
            for member in members {
                type_locals(Some(member), locals);
            }
        }
        Some(Type::Unknown) | None => {}
    }
}

/// Every local that a function's graph and types name.
fn locals(function: &Function) -> Vec<LocalId> {
    let mut locals: Vec<_> = function.parameters.iter().map(|item| item.local).collect();
    type_locals(function.returns.as_ref(), &mut locals);
    for parameter in &function.parameters {
        type_locals(parameter.annotation.as_ref(), &mut locals);
    }
    for local in &function.locals {
        type_locals(local.annotation.as_deref(), &mut locals);
    }
    for block in &function.blocks {
        for statement in &block.statements {
            match &statement.action {
                Action::Assign(target, value) => {
                    locals.push(*target);
                    value_locals(value, &mut locals);
                }
                Action::SetField(object, _, value) => locals.extend([object, value]),
                Action::SetItem(object, key, value) => locals.extend([object, key, value]),
            }
        }
        match &block.terminator {
            Terminator::Call { call, .. } => {
                let (Callee::Local(local) | Callee::Method(local, _)) = call.callee;
                locals.extend([local, call.result]);
                locals.extend(call.arguments.iter().map(|argument| argument.value));
            }
            Terminator::Suspend { value, result, .. } => locals.extend([value, result]),
            Terminator::Return(value) | Terminator::Raise { value, .. } => locals.push(*value),
            _ => {}
        }
    }
    locals
}

fn value_locals(value: &Value, locals: &mut Vec<LocalId>) {
    match value {
        Value::Local(local) | Value::Field(local, _) | Value::Element(local) => locals.push(*local),
        Value::Item(object, key) | Value::Equality(object, key) => locals.extend([object, key]),
        Value::Sequence(parts) | Value::Operation(parts) | Value::Opaque(parts) => {
            locals.extend(parts);
        }
        Value::Record(entries) => locals.extend(entries.iter().map(|(_, value)| *value)),
        Value::Text(pieces) => locals.extend(pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(local) => Some(*local),
            Piece::Text(_) => None,
        })),
        Value::Constant(_)
        | Value::Free(_)
        | Value::Import(_)
        | Value::Closure(_)
        | Value::Class(_)
        | Value::Caught => {}
    }
}

/// Input that nests deep, is long, or is no text.
fn hostile() -> Vec<(String, &'static str, String)> {
    const DEEP: usize = 10_000;
    let around = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}\n", open.repeat(DEEP), close.repeat(DEEP))
    };
    let shared = [
        ("parentheses", around("(", "x", ")")),
        ("open parentheses", "(".repeat(DEEP)),
        ("brackets", around("[", "x", "]")),
        ("open brackets", "[".repeat(DEEP)),
        ("open braces", "{".repeat(DEEP)),
        ("calls", around("f(", "x", ")")),
        ("fluent calls", format!("x{}\n", ".f()".repeat(DEEP))),
        ("attributes", format!("x{}\n", ".f".repeat(DEEP))),
        ("subscripts", format!("x{}\n", "[0]".repeat(DEEP))),
        ("called calls", format!("x{}\n", "()".repeat(DEEP))),
        ("sum", format!("x{}\n", " + x".repeat(DEEP))),
        ("mixed operators", format!("x{}\n", " + x - x".repeat(DEEP))),
        ("minus", format!("{}x\n", "- ".repeat(DEEP))),
        ("assignments", format!("{}x\n", "a = ".repeat(DEEP))),
        ("awaits", format!("{}x\n", "await ".repeat(DEEP))),
        (
            "a megabyte of numbers",
            format!("x = [{}]\n", "1, ".repeat(1 << 18)),
        ),
        ("a megabyte of statements", "f(x);".repeat(1 << 18)),
        (
            "a megabyte of text",
            format!("x = '{}'\n", "ab ".repeat(1 << 18)),
        ),
        ("null bytes", "\0\0\0".repeat(DEEP)),
        ("null bytes in code", "x = f(\0)\n\0y = 1\n".repeat(100)),
        ("no text", String::new()),
    ];
    let mut hostile = Vec::new();
    for file in ["example.py", "example.js", "example.ts", "example.tsx"] {
        for (name, text) in &shared {
            hostile.push((format!("{name} in {file}"), file, text.clone()));
        }
    }
    for (name, text) in python_expressions(DEEP)
        .into_iter()
        .chain(python_statements(DEEP))
    {
        hostile.push((format!("{name} in example.py"), "example.py", text));
    }
    hostile
}

/// Expressions and patterns that only Python has.
fn python_expressions(deep: usize) -> Vec<(&'static str, String)> {
    let around =
        |open: &str, close: &str| format!("{}x{}\n", open.repeat(deep), close.repeat(deep));
    vec![
        ("lambdas", around("lambda: ", "")),
        ("conditionals", around("x if x else ", "")),
        ("conditionals in tests", around("x if (", ") else x")),
        ("not", around("not ", "")),
        ("conjunctions", around("x and ", "")),
        ("conjunctions of disjunctions", around("x and (x or ", ")")),
        ("comparisons", around("x < ", "")),
        ("walrus", around("(x := ", ")")),
        ("interpolations", around("f'{", "}'")),
        ("comprehensions", around("[x for x in ", "]")),
        ("dictionaries", around("{1: ", "}")),
        (
            "starred targets",
            format!("{} = x\n", around("(a, ", ")").trim_end()),
        ),
        ("annotations", format!("x: {}", around("List[", "]"))),
        (
            "textual annotations",
            format!("x: '{}'\n", around("List[", "]").trim_end()),
        ),
        ("unions", format!("x: {}", around("A | ", ""))),
        (
            "patterns",
            format!("match x:\n case {}: pass\n", around("[", "]").trim_end()),
        ),
        (
            "grouped patterns",
            format!("match x:\n case {}: pass\n", around("(", ")").trim_end()),
        ),
        (
            "grouped exceptions",
            format!("try: x()\nexcept {}: pass\n", around("(", ")").trim_end()),
        ),
    ]
}

/// Statements that only Python has. Blocks nest less deep: their indentation grows with the square.
fn python_statements(deep: usize) -> Vec<(&'static str, String)> {
    let blocks = |header: &str, footer: &str| {
        let mut text = String::new();
        for depth in 0..deep / 10 {
            text.extend([&" ".repeat(depth), header, "\n"]);
        }
        text.extend([&" ".repeat(deep / 10), "return f()\n"]);
        for depth in (0..deep / 10).rev().filter(|_| !footer.is_empty()) {
            text.extend([&" ".repeat(depth), footer, "\n"]);
        }
        text
    };
    let around =
        |open: &str, close: &str| format!("{}x{}\n", open.repeat(deep), close.repeat(deep));
    vec![
        (
            "managers",
            format!("with {}: pass\n", vec!["f() as g"; deep].join(", ")),
        ),
        (
            "grouped managers",
            format!("with {}: pass\n", around("(", ")").trim_end()),
        ),
        (
            "elif",
            format!("if x: pass\n{}", "elif x(): pass\n".repeat(deep)),
        ),
        (
            "except",
            format!("try: x()\n{}", "except E: pass\n".repeat(deep)),
        ),
        (
            "cases",
            format!("match x:\n{}", " case 1: f()\n".repeat(deep)),
        ),
        (
            "decorators",
            format!("{}def f(): pass\n", "@f()\n".repeat(deep)),
        ),
        ("deletions", format!("del {}", around("(", ")"))),
        ("if blocks", blocks("if x:", "")),
        ("while blocks", blocks("while f():", "")),
        ("with blocks", blocks("with f() as x:", "")),
        ("function blocks", blocks("def f():", "")),
        ("class blocks", blocks("class A:", "")),
        ("try blocks", blocks("try:", "finally: g()")),
        ("handler blocks", blocks("try:", "except E: g()")),
        (
            "finally blocks",
            format!("try: x()\n{}", blocks("finally:\n try: y()", "")),
        ),
    ]
}
