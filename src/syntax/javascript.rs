//! The vocabulary of the three JavaScript grammars: kinds and fields of nodes as numbers, because comparing
//! their names costs more than everything else a lowering does.
//!
//! In: a node. Out: its [`Kind`], the same for JavaScript, TypeScript and TSX.
use super::{Node, grammar};
use crate::source::Language;
use std::sync::LazyLock;

/// Declares the kinds, each with its name in the grammars; the second list are tokens without a node type of
/// their own.
macro_rules! kinds {
    (named { $($named:ident = $named_text:literal,)* } tokens { $($token:ident = $token_text:literal,)* }) => {
        /// What a node is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Kind {
            /// Where the parser did not understand the text.
            Error,
            /// A kind the lowering has no word for.
            Other,
            $($named,)*
            $($token,)*
        }

        fn kind_of(name: &str, is_named: bool) -> Kind {
            match (name, is_named) {
                $(($named_text, true) => Kind::$named,)*
                $(($token_text, false) => Kind::$token,)*
                _ => Kind::Other,
            }
        }
    };
}

kinds! {
    named {
        AbstractClassDeclaration = "abstract_class_declaration",
        AccessibilityModifier = "accessibility_modifier",
        AmbientDeclaration = "ambient_declaration",
        Arguments = "arguments",
        Array = "array",
        ArrayPattern = "array_pattern",
        ArrayType = "array_type",
        ArrowFunction = "arrow_function",
        AsExpression = "as_expression",
        Assignment = "assignment_expression",
        AssignmentPattern = "assignment_pattern",
        AugmentedAssignment = "augmented_assignment_expression",
        Await = "await_expression",
        Binary = "binary_expression",
        Break = "break_statement",
        Call = "call_expression",
        CatchClause = "catch_clause",
        Class = "class",
        ClassBody = "class_body",
        ClassDeclaration = "class_declaration",
        ClassHeritage = "class_heritage",
        ClassStaticBlock = "class_static_block",
        Comment = "comment",
        ComputedPropertyName = "computed_property_name",
        Continue = "continue_statement",
        Debugger = "debugger_statement",
        Decorator = "decorator",
        Do = "do_statement",
        ElseClause = "else_clause",
        Empty = "empty_statement",
        EnumAssignment = "enum_assignment",
        EnumDeclaration = "enum_declaration",
        ExportClause = "export_clause",
        ExportSpecifier = "export_specifier",
        ExportStatement = "export_statement",
        ExpressionStatement = "expression_statement",
        ExtendsClause = "extends_clause",
        ExtendsTypeClause = "extends_type_clause",
        False = "false",
        FieldDefinition = "field_definition",
        FinallyClause = "finally_clause",
        For = "for_statement",
        ForIn = "for_in_statement",
        FunctionDeclaration = "function_declaration",
        FunctionExpression = "function_expression",
        FunctionSignature = "function_signature",
        GeneratorFunction = "generator_function",
        GeneratorFunctionDeclaration = "generator_function_declaration",
        GenericType = "generic_type",
        HashBang = "hash_bang_line",
        HtmlComment = "html_comment",
        Identifier = "identifier",
        If = "if_statement",
        Import = "import",
        ImplementsClause = "implements_clause",
        ImportAlias = "import_alias",
        ImportClause = "import_clause",
        ImportRequireClause = "import_require_clause",
        ImportSpecifier = "import_specifier",
        ImportStatement = "import_statement",
        Instantiation = "instantiation_expression",
        InterfaceDeclaration = "interface_declaration",
        InterfaceBody = "interface_body",
        InternalModule = "internal_module",
        IntersectionType = "intersection_type",
        JsxAttribute = "jsx_attribute",
        JsxClosingElement = "jsx_closing_element",
        JsxElement = "jsx_element",
        JsxExpression = "jsx_expression",
        JsxOpeningElement = "jsx_opening_element",
        JsxSelfClosingElement = "jsx_self_closing_element",
        JsxText = "jsx_text",
        Labeled = "labeled_statement",
        LexicalDeclaration = "lexical_declaration",
        Member = "member_expression",
        MetaProperty = "meta_property",
        MethodDefinition = "method_definition",
        Module = "module",
        NamedImports = "named_imports",
        NamespaceExport = "namespace_export",
        NamespaceImport = "namespace_import",
        NestedIdentifier = "nested_identifier",
        NestedTypeIdentifier = "nested_type_identifier",
        New = "new_expression",
        NonNull = "non_null_expression",
        Null = "null",
        Number = "number",
        Object = "object",
        ObjectAssignmentPattern = "object_assignment_pattern",
        ObjectPattern = "object_pattern",
        ObjectType = "object_type",
        OptionalChain = "optional_chain",
        OptionalParameter = "optional_parameter",
        OverrideModifier = "override_modifier",
        Pair = "pair",
        PairPattern = "pair_pattern",
        Parenthesized = "parenthesized_expression",
        ParenthesizedType = "parenthesized_type",
        PrivatePropertyIdentifier = "private_property_identifier",
        Program = "program",
        PropertyIdentifier = "property_identifier",
        PropertySignature = "property_signature",
        PublicFieldDefinition = "public_field_definition",
        ReadonlyType = "readonly_type",
        Regex = "regex",
        RequiredParameter = "required_parameter",
        RestPattern = "rest_pattern",
        Return = "return_statement",
        SatisfiesExpression = "satisfies_expression",
        Sequence = "sequence_expression",
        ShorthandProperty = "shorthand_property_identifier",
        ShorthandPropertyPattern = "shorthand_property_identifier_pattern",
        Spread = "spread_element",
        StatementBlock = "statement_block",
        String = "string",
        Subscript = "subscript_expression",
        Super = "super",
        Switch = "switch_statement",
        SwitchBody = "switch_body",
        SwitchCase = "switch_case",
        SwitchDefault = "switch_default",
        TemplateString = "template_string",
        TemplateSubstitution = "template_substitution",
        Ternary = "ternary_expression",
        This = "this",
        Throw = "throw_statement",
        True = "true",
        Try = "try_statement",
        TypeAliasDeclaration = "type_alias_declaration",
        TypeAnnotation = "type_annotation",
        TypeArguments = "type_arguments",
        TypeAssertion = "type_assertion",
        TypeIdentifier = "type_identifier",
        TypeQuery = "type_query",
        Unary = "unary_expression",
        Undefined = "undefined",
        UnionType = "union_type",
        Update = "update_expression",
        UsingDeclaration = "using_declaration",
        VariableDeclaration = "variable_declaration",
        VariableDeclarator = "variable_declarator",
        While = "while_statement",
        With = "with_statement",
        Yield = "yield_expression",
    }
    tokens {
        AsyncToken = "async",
        AwaitToken = "await",
        CommaToken = ",",
        DefaultToken = "default",
        EqualsToken = "=",
        GetToken = "get",
        OptionalToken = "?.",
        ReadonlyToken = "readonly",
        SetToken = "set",
        StarToken = "*",
        StaticGetToken = "static get",
        StaticToken = "static",
    }
}

/// Declares the fields, each named as in the grammars.
macro_rules! fields {
    ($($name:ident,)*) => {
        /// The fields of nodes, as numbers of one grammar; 0 is a field the grammar does not have.
        #[derive(Debug)]
        pub(crate) struct Fields {
            $(pub(crate) $name: u16,)*
        }

        impl Fields {
            fn of(language: &tree_sitter::Language) -> Self {
                let id = |name: &str| language.field_id_for_name(name).map_or(0, u16::from);
                Self { $($name: id(stringify!($name)),)* }
            }
        }
    };
}

fields! {
    alias, alternative, argument, arguments, body, condition, consequence, constructor, declaration, decorator,
    finalizer, function, handler, increment, index, initializer, key, kind, label, left, name, object,
    operator, parameter, parameters, pattern, property, return_type, right, source, type_arguments,
    value,
}

/// One grammar's numbers.
#[derive(Debug)]
pub(crate) struct Grammar {
    kinds: Vec<Kind>,
    /// The fields.
    pub(crate) fields: Fields,
    /// The field `type`, whose name is a word of Rust.
    pub(crate) annotation: u16,
}

impl Grammar {
    /// The grammar of a language of the JavaScript family.
    pub(crate) fn of(language: Language) -> &'static Self {
        static JAVASCRIPT: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(Language::JavaScript));
        static TYPESCRIPT: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(Language::TypeScript));
        static TSX: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(Language::Tsx));
        match language {
            Language::TypeScript => &TYPESCRIPT,
            Language::Tsx => &TSX,
            Language::JavaScript | Language::Python => &JAVASCRIPT,
        }
    }

    fn new(language: Language) -> Self {
        let language = grammar(language);
        let count = u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let kind = |id| {
            kind_of(
                language.node_kind_for_id(id).unwrap_or_default(),
                language.node_kind_is_named(id),
            )
        };
        Self {
            kinds: (0..count).map(kind).collect(),
            fields: Fields::of(&language),
            annotation: language.field_id_for_name("type").map_or(0, u16::from),
        }
    }

    /// What a node is.
    pub(crate) fn kind(&self, node: Node<'_>) -> Kind {
        let id = usize::from(node.kind_id());
        self.kinds.get(id).copied().unwrap_or(Kind::Error)
    }
}
