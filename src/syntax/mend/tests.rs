//! What is mended, and what must stay.
use super::mend;
use crate::source::{Language, Source};

/// Mends, checks that the grammar then understands the text, and that nothing has moved.
fn mended(path: &str, text: &str) -> String {
    let source = Source::new(path, text).unwrap();
    let tree = crate::syntax::parse(&source).unwrap();
    let sexp = tree.root_node().to_sexp();
    assert!(!tree.root_node().has_error(), "{text}\n{sexp}");
    let mended = mend(text, source.language).into_owned();
    assert_eq!(mended.len(), text.len());
    let newlines = |text: &str| {
        text.match_indices('\n')
            .map(|(at, _)| at)
            .collect::<Vec<_>>()
    };
    assert_eq!(newlines(&mended), newlines(text));
    mended
}

/// Checks that what stands in `⟦⟧` is blanked out, and nothing else.
fn blanks(path: &str, marked: &str) {
    let (mut text, mut expected, mut inside) = (String::new(), String::new(), false);
    for character in marked.chars() {
        match character {
            '⟦' => inside = true,
            '⟧' => inside = false,
            _ => {
                text.push(character);
                if inside && character != '\n' {
                    expected.extend(std::iter::repeat_n(' ', character.len_utf8()));
                } else {
                    expected.push(character);
                }
            }
        }
    }
    assert_eq!(mended(path, &text), expected);
}

#[test]
fn type_arguments_of_tagged_templates_are_blanked_out() {
    for marked in [
        "x = a.$q⟦<Row[]>⟧`s`;",
        "x = sql⟦<{ a: '>' }[]>⟧`${y}`;",
        "x = q⟦<A<B<C>>>⟧`s`;",
        "x = q⟦<\n  A,\n>⟧`s`;",
        "x = q⟦<() => A | B>⟧`s`;",
        "x = q⟦<`a${B}`>⟧`s`;",
        "x = f()⟦<A>⟧`s`;",
        "x = `${q⟦<A>⟧`s`}`;",
        "x = q⟦<É>⟧`s`;",
        "x = q⟦< /* > */ A>⟧ `s`;",
    ] {
        blanks("a.ts", marked);
        blanks("a.tsx", marked);
    }
}

#[test]
fn what_the_grammar_does_not_know_is_blanked_out() {
    for marked in [
        "export ⟦type⟧ * from 'x';",
        "export ⟦type⟧ * as y from 'x';",
        "class A { static ⟦accessor⟧ x = 1 }",
        "class A { accessor x = 1 }",
        "interface A<⟦in⟧ K, ⟦out⟧ V, ⟦in⟧ ⟦out⟧ W> {}",
        "type A<out> = out; type B<⟦in⟧ out extends C> = out",
        "x = class<⟦in⟧ T> {}; x = 1 < 2",
        "import ⟦defer⟧ * as x from 'y';",
        "export * from 'x' ⟦with { type: '}' }⟧;",
        "f⟦<typeof import('x')>⟧();",
        "let x: ⟦import('y').⟧Z<A>[];",
        "let x: ⟦import('y').⟧Z.A[];",
        "f<A>(import('x'));",
    ] {
        blanks("a.ts", marked);
    }
    let text = "import { delete as d, a } from 'x';";
    let expected = "import { Delete as d, a } from 'x';";
    assert_eq!(mended("a.ts", text), expected);
    assert_eq!(mended("a.js", text), expected);
}

#[test]
fn using_becomes_const() {
    for (text, expected) in [
        ("{ using x = f() }", "{ const x = f() }"),
        (
            "{ await using x: A = f(), y = g() }",
            "{       const x: A = f(), y = g() }",
        ),
        ("for (using x of xs) {}", "for (const x of xs) {}"),
        (
            "for (await using x of xs) {}",
            "for (      const x of xs) {}",
        ),
    ] {
        assert_eq!(mended("a.ts", text), expected);
    }
}

#[test]
fn signatures_on_lines_of_their_own_are_separated() {
    let text = "interface A {\n  (a: B): C<D>\n  <T>(a: T): T\n}";
    let expected = "interface A {\n  (a: B): C<D>\n ;<T>(a: T): T\n}";
    assert_eq!(mended("a.ts", text), expected);
}

#[test]
fn exports_named_by_keywords_become_names() {
    let text = "export { a as catch, b as void };";
    assert_eq!(mended("a.js", text), "export { a as Catch, b as Void };");
    assert_eq!(mended("a.ts", text), text);
}

#[test]
fn ampersands_in_jsx_are_no_entities() {
    let text = "x = <a href=\"?a=1&b=2\" c={d && e}>f & {g & h} <b/>&nbsp;</a>;";
    let expected = "x = <a href=\"?a=1_b=2\" c={d && e}>f _ {g & h} <b/>_nbsp;</a>;";
    assert_eq!(mended("a.tsx", text), expected);
    assert_eq!(mended("a.jsx", text), expected);
}

#[test]
fn strings_comments_templates_and_comparisons_stay() {
    for text in [
        "x = 'sql<A>`s`';",
        "// sql<A>`s` export type * using x = 1\n/* sql<A>`s` */",
        "x = `q<A>`; y = `\\`q<B>`; z = `<b>`;",
        "x = /q<A>`/; y = a / b; z = /[/`]/;",
        "x = a < b && c > d; y = a < b || c > (d);",
        "x.using = 1; x.accessor = 2;",
        "x = { using: 1, accessor: 2, type: 3, with: 4 };",
        "import x, { type A } from 'x' with { type: 'json' };"
            .replace(" with { type: 'json' }", "")
            .as_str(),
        "x = await import('x'); import('x').then<A>(f);",
        "declare const a: <T>(x: T) => T; type B = typeof import('x');",
    ] {
        assert_eq!(mended("a.ts", text), text);
    }
    for text in [
        "x = <p>Don't q<b>`a`</b> using x = 1</p>; y = 'a';",
        "f = <T,>(x: T) => x; g = <T extends A>(x: T) => <b>{x}</b>;",
        "type A = { f: <T>(x: T) => T }; x = <b a='c' d={<i/>} e=<u/> f />;",
    ] {
        assert_eq!(mended("a.tsx", text), text);
    }
}

#[test]
fn hostile_text_takes_no_time() {
    for unit in [
        "a<",
        "a<b(",
        "`${",
        "<a b={",
        "a<'",
        "import(\"x\").y<",
        "interface A<",
        "{ using x",
        "/",
        "<a>",
    ] {
        let text = unit.repeat(20_000);
        for language in [Language::TypeScript, Language::Tsx, Language::JavaScript] {
            assert_eq!(mend(&text, language).len(), text.len());
        }
    }
}
