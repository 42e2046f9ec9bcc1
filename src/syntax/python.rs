//! What kinds of nodes a Python tree has, as an enumeration that dispatches in one step.
use super::{Cursor, Node};
use std::sync::LazyLock;

macro_rules! kinds {
    ($($name:ident $text:literal $is_named:literal),* $(,)?) => {
        /// The kind of a node; tokens and nodes that the lowering treats alike are `Other`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "each is the grammar's own word")]
        pub enum Kind { $($name,)* Error, Other }

        fn named(text: &str, is_named: bool) -> Kind {
            match (text, is_named) {
                $(($text, $is_named) => Kind::$name,)*
                _ => Kind::Other,
            }
        }
    };
}

kinds! {
    AliasedImport "aliased_import" true,
    And "and" false,
    ArgumentList "argument_list" true,
    AsPattern "as_pattern" true,
    AsPatternTarget "as_pattern_target" true,
    Assert "assert_statement" true,
    Assignment "assignment" true,
    Async "async" false,
    Attribute "attribute" true,
    AugmentedAssignment "augmented_assignment" true,
    Await "await" true,
    BinaryOperator "binary_operator" true,
    Block "block" true,
    BooleanOperator "boolean_operator" true,
    Break "break_statement" true,
    Call "call" true,
    CaseClause "case_clause" true,
    CasePattern "case_pattern" true,
    Class "class_definition" true,
    ClassPattern "class_pattern" true,
    Comma "," false,
    Comment "comment" true,
    Comparison "comparison_operator" true,
    ConcatenatedString "concatenated_string" true,
    Conditional "conditional_expression" true,
    Continue "continue_statement" true,
    Decorated "decorated_definition" true,
    Decorator "decorator" true,
    DefaultParameter "default_parameter" true,
    Delete "delete_statement" true,
    DictPattern "dict_pattern" true,
    Dictionary "dictionary" true,
    DictionaryComprehension "dictionary_comprehension" true,
    DictionarySplat "dictionary_splat" true,
    DictionarySplatPattern "dictionary_splat_pattern" true,
    DottedName "dotted_name" true,
    ElifClause "elif_clause" true,
    Ellipsis "ellipsis" true,
    ElseClause "else_clause" true,
    Equal "==" false,
    ExceptClause "except_clause" true,
    ExpressionList "expression_list" true,
    ExpressionStatement "expression_statement" true,
    False "false" true,
    FinallyClause "finally_clause" true,
    Float "float" true,
    For "for_statement" true,
    ForInClause "for_in_clause" true,
    FormatExpression "format_expression" true,
    FormatSpecifier "format_specifier" true,
    From "from" false,
    Function "function_definition" true,
    FutureImport "future_import_statement" true,
    GeneratorExpression "generator_expression" true,
    GenericType "generic_type" true,
    Global "global_statement" true,
    Identifier "identifier" true,
    If "if_statement" true,
    IfClause "if_clause" true,
    Import "import_statement" true,
    ImportFrom "import_from_statement" true,
    Integer "integer" true,
    Interpolation "interpolation" true,
    Is "is" false,
    IsNot "is not" false,
    KeywordArgument "keyword_argument" true,
    KeywordPattern "keyword_pattern" true,
    Lambda "lambda" true,
    LineContinuation "line_continuation" true,
    List "list" true,
    ListComprehension "list_comprehension" true,
    ListPattern "list_pattern" true,
    ListSplat "list_splat" true,
    ListSplatPattern "list_splat_pattern" true,
    Match "match_statement" true,
    MemberType "member_type" true,
    Minus "-" false,
    NamedExpression "named_expression" true,
    None "none" true,
    Nonlocal "nonlocal_statement" true,
    Not "not_operator" true,
    NotEqual "!=" false,
    Pair "pair" true,
    Parenthesized "parenthesized_expression" true,
    Pass "pass_statement" true,
    PatternList "pattern_list" true,
    Pipe "|" false,
    PipeAssign "|=" false,
    Plus "+" false,
    PlusAssign "+=" false,
    Print "print_statement" true,
    Raise "raise_statement" true,
    Return "return_statement" true,
    Set "set" true,
    SetComprehension "set_comprehension" true,
    Slice "slice" true,
    SplatPattern "splat_pattern" true,
    String "string" true,
    StringContent "string_content" true,
    StringStart "string_start" true,
    Subscript "subscript" true,
    True "true" true,
    Try "try_statement" true,
    Tuple "tuple" true,
    TuplePattern "tuple_pattern" true,
    Type "type" true,
    TypeAlias "type_alias_statement" true,
    TypeParameter "type_parameter" true,
    TypedDefaultParameter "typed_default_parameter" true,
    TypedParameter "typed_parameter" true,
    UnaryOperator "unary_operator" true,
    UnionPattern "union_pattern" true,
    UnionType "union_type" true,
    While "while_statement" true,
    WildcardImport "wildcard_import" true,
    With "with_statement" true,
    WithClause "with_clause" true,
    WithItem "with_item" true,
    Yield "yield" true,
}

impl Kind {
    /// Whether it stands in a block rather than in an expression.
    pub fn is_statement(self) -> bool {
        matches!(
            self,
            Self::Assert
                | Self::Assignment
                | Self::AugmentedAssignment
                | Self::Block
                | Self::Break
                | Self::Class
                | Self::Continue
                | Self::Decorated
                | Self::Delete
                | Self::ExpressionStatement
                | Self::For
                | Self::Function
                | Self::FutureImport
                | Self::Global
                | Self::If
                | Self::Import
                | Self::ImportFrom
                | Self::Match
                | Self::Nonlocal
                | Self::Pass
                | Self::Print
                | Self::Raise
                | Self::Return
                | Self::Try
                | Self::TypeAlias
                | Self::While
                | Self::With
        )
    }
}

/// The roles a child may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the grammar's own word")]
pub enum Field {
    Alias,
    Argument,
    Arguments,
    Attribute,
    Body,
    Cause,
    Condition,
    Consequence,
    Definition,
    Expression,
    Function,
    Guard,
    Key,
    Left,
    ModuleName,
    Name,
    Object,
    Operator,
    Parameters,
    ReturnType,
    Right,
    Superclasses,
    Type,
    Value,
}

const FIELDS: [(Field, &str); 24] = [
    (Field::Alias, "alias"),
    (Field::Argument, "argument"),
    (Field::Arguments, "arguments"),
    (Field::Attribute, "attribute"),
    (Field::Body, "body"),
    (Field::Cause, "cause"),
    (Field::Condition, "condition"),
    (Field::Consequence, "consequence"),
    (Field::Definition, "definition"),
    (Field::Expression, "expression"),
    (Field::Function, "function"),
    (Field::Guard, "guard"),
    (Field::Key, "key"),
    (Field::Left, "left"),
    (Field::ModuleName, "module_name"),
    (Field::Name, "name"),
    (Field::Object, "object"),
    (Field::Operator, "operator"),
    (Field::Parameters, "parameters"),
    (Field::ReturnType, "return_type"),
    (Field::Right, "right"),
    (Field::Superclasses, "superclasses"),
    (Field::Type, "type"),
    (Field::Value, "value"),
];

struct Tables {
    kinds: Vec<Kind>,
    fields: [u16; FIELDS.len()],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let language: tree_sitter::Language = tree_sitter_python::LANGUAGE.into();
    let ids = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
    let kind = |id: u16| {
        let text = language.node_kind_for_id(id).unwrap_or_default();
        named(text, language.node_kind_is_named(id))
    };
    let mut fields = [0; FIELDS.len()];
    for (field, name) in FIELDS {
        let id = language.field_id_for_name(name);
        fields[field as usize] = id.map_or(0, std::num::NonZero::get);
    }
    Tables {
        kinds: ids.map(kind).collect(),
        fields,
    }
});

/// The kind of a node.
pub fn kind(node: Node<'_>) -> Kind {
    let id = usize::from(node.kind_id());
    let known = TABLES.kinds.get(id);
    known.copied().unwrap_or(Kind::Error)
}

/// The first child in a role.
pub fn child(node: Node<'_>, field: Field) -> Option<Node<'_>> {
    node.child_by_field_id(TABLES.fields[field as usize])
}

/// Up to so many children it is faster to ask for each than to walk a cursor, which keeps its whole path.
const FEW: u32 = 4;

/// The children that are not tokens or comments.
pub fn parts<'tree>(node: Node<'tree>, cursor: &mut Cursor<'tree>) -> Vec<Node<'tree>> {
    let mut parts = Vec::new();
    add_parts(node, cursor, &mut parts);
    parts
}

/// Adds the children that are not tokens or comments.
pub fn add_parts<'tree>(
    node: Node<'tree>,
    cursor: &mut Cursor<'tree>,
    parts: &mut Vec<Node<'tree>>,
) {
    let is_part =
        |part: &Node<'tree>| !matches!(kind(*part), Kind::Comment | Kind::LineContinuation);
    let count = u32::try_from(node.named_child_count()).unwrap_or(u32::MAX);
    parts.reserve(node.named_child_count());
    if count <= FEW {
        let children = (0..count).filter_map(|index| node.named_child(index));
        parts.extend(children.filter(is_part));
    } else {
        parts.extend(node.named_children(cursor).filter(is_part));
    }
}
