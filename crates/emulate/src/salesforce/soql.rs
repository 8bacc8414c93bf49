//! The query language: words, then a query.
//!
//! `SELECT fields | COUNT() FROM object [WHERE condition] [GROUP BY fields] [ORDER BY fields]
//! [LIMIT n] [OFFSET n] [ALL ROWS]`, with `=`, `!=`, `<`, `<=`, `>`, `>=`, `LIKE`, `IN`, `NOT IN`,
//! `AND`, `OR`, `NOT`, date literals, and the aggregates of one column.

use super::error::Refusal;

/// A query as written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) columns: Vec<Column>,
    pub(crate) object: String,
    pub(crate) condition: Option<Condition>,
    pub(crate) group_by: Vec<String>,
    pub(crate) order: Vec<Order>,
    pub(crate) limit: Option<usize>,
    pub(crate) offset: usize,
    pub(crate) all_rows: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Column {
    /// A field, by its path.
    Field(String),
    /// `COUNT()`: the number of rows instead of rows.
    CountRows,
    /// A function of a column, and the name of the result.
    Aggregate(Function, String, Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Min,
    Max,
    Sum,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(String, Operator, Literal),
    In(String, Vec<Literal>, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Text(String),
    /// A number, a date, a time or a word, as written without quotes.
    Bare(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) field: String,
    pub(crate) descending: bool,
    pub(crate) nulls_last: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 10] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ","];
/// Deeper nesting is refused.
const DEEPEST: usize = 50;

/// Reads a query.
pub(crate) fn parse(text: &str) -> Result<Query, Refusal> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let query = parser.query()?;
    match parser.tokens.get(parser.next) {
        None => Ok(query),
        Some(token) => Err(unexpected(Some(token))),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            let (literal, after) = quoted(&rest[1..])?;
            tokens.push(Token::Text(literal));
            rest = after;
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            tokens.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let is_part = |it: char| it.is_alphanumeric() || "_.:+-".contains(it);
            let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
            if end == 0 {
                return Err(Refusal::malformed(format!("unexpected token: '{first}'")));
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The text up to the closing quote, and what comes after it.
fn quoted(text: &str) -> Result<(String, &str), Refusal> {
    let mut literal = String::new();
    let mut characters = text.char_indices();
    while let Some((place, character)) = characters.next() {
        match character {
            '\'' => return Ok((literal, &text[place + 1..])),
            '\\' => match characters.next() {
                Some((_, 'n')) => literal.push('\n'),
                Some((_, 't')) => literal.push('\t'),
                Some((_, 'r')) => literal.push('\r'),
                Some((_, other)) => literal.push(other),
                None => break,
            },
            other => literal.push(other),
        }
    }
    Err(Refusal::malformed("line 1:0 mismatched character '<EOF>' expecting '''".to_owned()))
}

fn unexpected(token: Option<&Token>) -> Refusal {
    Refusal::malformed(match token {
        None => "unexpected token: '<EOF>'".to_owned(),
        Some(Token::Word(word) | Token::Text(word)) => format!("unexpected token: '{word}'"),
        Some(Token::Symbol(symbol)) => format!("unexpected token: '{symbol}'"),
    })
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn query(&mut self) -> Result<Query, Refusal> {
        self.keyword("SELECT")?;
        let columns = self.list(Self::column)?;
        self.keyword("FROM")?;
        let object = self.word()?;
        let condition = if self.takes("WHERE") { Some(self.any_of(0)?) } else { None };
        let group_by = if self.takes("GROUP") {
            self.keyword("BY")?;
            self.list(Self::word)?
        } else {
            Vec::new()
        };
        let order = if self.takes("ORDER") {
            self.keyword("BY")?;
            self.list(Self::order)?
        } else {
            Vec::new()
        };
        let limit = if self.takes("LIMIT") { Some(self.number()?) } else { None };
        let offset = if self.takes("OFFSET") { self.number()? } else { 0 };
        let all_rows = self.takes("ALL");
        if all_rows {
            self.keyword("ROWS")?;
        }
        Ok(Query { columns, object, condition, group_by, order, limit, offset, all_rows })
    }

    fn column(&mut self) -> Result<Column, Refusal> {
        let word = self.word()?;
        if !self.symbol("(") {
            return Ok(Column::Field(word));
        }
        let function = match word.to_ascii_uppercase().as_str() {
            "COUNT" if self.symbol(")") => return Ok(Column::CountRows),
            "COUNT" => Function::Count,
            "MIN" => Function::Min,
            "MAX" => Function::Max,
            "SUM" => Function::Sum,
            _ => return Err(unexpected(Some(&Token::Symbol("(")))),
        };
        let field = self.word()?;
        self.expect_symbol(")")?;
        let is_alias = matches!(self.tokens.get(self.next), Some(Token::Word(word))
            if !word.eq_ignore_ascii_case("FROM"));
        let alias = if is_alias { Some(self.word()?) } else { None };
        Ok(Column::Aggregate(function, field, alias))
    }

    fn any_of(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let mut parts = vec![self.all_of(depth)?];
        while self.takes("OR") {
            parts.push(self.all_of(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::Or(parts) })
    }

    fn all_of(&mut self, depth: usize) -> Result<Condition, Refusal> {
        let mut parts = vec![self.one(depth)?];
        while self.takes("AND") {
            parts.push(self.one(depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Condition::And(parts) })
    }

    fn one(&mut self, depth: usize) -> Result<Condition, Refusal> {
        if depth > DEEPEST {
            return Err(Refusal::malformed("the condition is nested too deeply".to_owned()));
        }
        if self.takes("NOT") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.symbol("(") {
            let condition = self.any_of(depth + 1)?;
            self.expect_symbol(")")?;
            return Ok(condition);
        }
        let field = self.word()?;
        let negated = self.takes("NOT");
        if self.takes("IN") {
            self.expect_symbol("(")?;
            let values = self.list(Self::literal)?;
            self.expect_symbol(")")?;
            return Ok(Condition::In(field, values, negated));
        }
        let operator = self.operator()?;
        Ok(Condition::Compare(field, operator, self.literal()?))
    }

    fn operator(&mut self) -> Result<Operator, Refusal> {
        if self.takes("LIKE") {
            return Ok(Operator::Like);
        }
        let operator = match self.tokens.get(self.next) {
            Some(Token::Symbol("=")) => Operator::Equal,
            Some(Token::Symbol("!=" | "<>")) => Operator::NotEqual,
            Some(Token::Symbol("<")) => Operator::Less,
            Some(Token::Symbol("<=")) => Operator::LessOrEqual,
            Some(Token::Symbol(">")) => Operator::Greater,
            Some(Token::Symbol(">=")) => Operator::GreaterOrEqual,
            other => return Err(unexpected(other)),
        };
        self.next += 1;
        Ok(operator)
    }

    fn literal(&mut self) -> Result<Literal, Refusal> {
        if let Some(Token::Text(text)) = self.tokens.get(self.next) {
            let text = text.clone();
            self.next += 1;
            return Ok(Literal::Text(text));
        }
        let word = self.word()?;
        Ok(if word.eq_ignore_ascii_case("null") { Literal::Null } else { Literal::Bare(word) })
    }

    fn order(&mut self) -> Result<Order, Refusal> {
        let field = self.word()?;
        let descending = self.takes("DESC");
        if !descending {
            self.takes("ASC");
        }
        let nulls_last = self.takes("NULLS") && {
            let last = self.takes("LAST");
            if !last {
                self.keyword("FIRST")?;
            }
            last
        };
        Ok(Order { field, descending, nulls_last })
    }

    fn list<T>(&mut self, item: fn(&mut Self) -> Result<T, Refusal>) -> Result<Vec<T>, Refusal> {
        let mut items = vec![item(self)?];
        while self.symbol(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn number(&mut self) -> Result<usize, Refusal> {
        let word = self.word()?;
        word.parse().map_err(|_| unexpected(Some(&Token::Word(word))))
    }

    fn word(&mut self) -> Result<String, Refusal> {
        match self.tokens.get(self.next) {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word.clone())
            }
            other => Err(unexpected(other)),
        }
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.tokens.get(self.next), Some(Token::Word(word))
            if word.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is_next);
        is_next
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), Refusal> {
        if self.takes(keyword) { Ok(()) } else { Err(unexpected(self.tokens.get(self.next))) }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let is_next =
            matches!(self.tokens.get(self.next), Some(Token::Symbol(it)) if *it == symbol);
        self.next += usize::from(is_next);
        is_next
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), Refusal> {
        if self.symbol(symbol) { Ok(()) } else { Err(unexpected(self.tokens.get(self.next))) }
    }
}
