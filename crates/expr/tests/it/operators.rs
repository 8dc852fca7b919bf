use crate::{contexts, evaluate, show, show_in};

#[test]
fn equality_is_loose() {
    for (text, holds) in [
        // Text without regard to case, character by character.
        ("'abc' == 'ABC'", true),
        ("'ß' == 'SS'", false),
        ("'ı' == 'I'", false),
        ("'a' != 'b'", true),
        // Different kinds as numbers.
        ("null == 0", true),
        ("null == ''", true),
        ("null == false", true),
        ("true == 1", true),
        ("true == '1'", true),
        ("true == 'true'", false),
        ("'' == 0", true),
        ("' 1 ' == 1", true),
        ("'\t1\n' == 1", true),
        ("'0x1F' == 31", true),
        ("'0X1F' == 31", false),
        ("'0o17' == 15", true),
        ("'0o8' == 8", false),
        ("'0xFFFFFFFF' == -1", true),
        ("'0x1FFFFFFFF' == -1", false),
        ("'0o37777777777' == -1", true),
        ("'1e3' == 1000", true),
        ("'.5' == 0.5", true),
        ("'5.' == 5", true),
        ("'1_000' == 1000", false),
        ("'1,000' == 1000", false),
        ("'Infinity' == Infinity", true),
        ("'-Infinity' == -Infinity", true),
        ("'1e999' == Infinity", true),
        ("'abc' == 0", false),
        // NaN equals nothing.
        ("NaN == NaN", false),
        ("NaN != NaN", true),
        ("'NaN' == NaN", false),
        ("'abc' == NaN", false),
        ("-0 == 0", true),
        // Collections equal only themselves, and no primitive.
        ("fromJSON('[]') == fromJSON('[]')", false),
        ("fromJSON('[]') == 0", false),
        ("fromJSON('{}') != fromJSON('{}')", true),
        ("fromJSON('[]') == ''", false),
    ] {
        assert_eq!(show(text), holds.to_string(), "{text}");
    }
}

#[test]
fn collections_are_equal_to_themselves() {
    let here = r#"{"a": {"list": [1], "same": {}}, "b": {"list": [1]}}"#;
    for (text, holds) in [
        ("a == a", true),
        ("a.list == a.list", true),
        ("a.list == b.list", false),
        ("a.list != b.list", true),
        ("a.list <= a.list", true),
        ("a.list < a.list", false),
        ("a == a.same", false),
        ("a.* == a.*", false),
    ] {
        assert_eq!(show_in(text, here), holds.to_string(), "{text}");
    }
}

#[test]
fn order_is_of_numbers_text_and_booleans() {
    for (text, holds) in [
        ("1 < 2", true),
        ("2 <= 2", true),
        ("'a' < 'B'", true),
        ("'B' > 'a'", true),
        ("'a' <= 'A'", true),
        ("'a' >= 'A'", true),
        ("'a' < 'A'", false),
        ("'10' < '9'", true),
        ("'10' < 9", false),
        ("false < true", true),
        ("true > false", true),
        ("true < true", false),
        ("null < 1", true),
        ("null < null", false),
        ("null <= null", true),
        ("null > false", false),
        ("NaN < 1", false),
        ("NaN >= NaN", false),
        ("'abc' < 1", false),
        ("'abc' >= 1", false),
        ("fromJSON('[]') < 1", false),
        ("fromJSON('[]') >= fromJSON('[]')", false),
    ] {
        assert_eq!(show(text), holds.to_string(), "{text}");
    }
}

#[test]
fn logical_operators_return_an_operand() {
    for (text, value) in [
        ("'a' && 'b'", r#""b""#),
        ("'' && 'b'", r#""""#),
        ("0 && 'b'", "0"),
        ("null && 'b'", "null"),
        ("'a' || 'b'", r#""a""#),
        ("'' || 'b'", r#""b""#),
        ("false || null", "null"),
        ("NaN || 'nan'", r#""nan""#),
        ("fromJSON('[]') && 1", "1"),
        ("fromJSON('{}') && 2", "2"),
        ("!''", "true"),
        ("!'0'", "false"),
        ("!!fromJSON('[]')", "true"),
        ("!NaN", "true"),
        ("-0 || 'zero'", r#""zero""#),
    ] {
        assert_eq!(show(text), value, "{text}");
    }
}

#[test]
fn operators_bind_as_in_javascript() {
    for (text, value) in [
        ("true || false && false", "true"),
        ("(true || false) && false", "false"),
        ("!false == true", "true"),
        ("!(false == true)", "true"),
        ("1 < 2 == true", "true"),
        ("1 == 1 < 2", "true"),
        ("3 > 2 > 1", "false"),
        ("2 == 2 == 1", "true"),
        ("1 == 1 && 2 == 2", "true"),
        ("!true || true", "true"),
        ("!a.b", "true"),
        ("!(a).b", "true"),
    ] {
        assert_eq!(show_in(text, r#"{"a": {}}"#), value, "{text}");
    }
}

#[test]
fn short_circuited_operands_are_not_evaluated() {
    for text in [
        "false && fromJSON('')",
        "true || fromJSON('')",
        "case(true, 1, fromJSON(''))",
        "format('x', fromJSON(''))",
        "join('x', fromJSON(''))",
        "contains(fromJSON('[]'), fromJSON(''))",
        "null[fromJSON('')]",
    ] {
        // `null[…]` is not syntax: a context without a value stands in for it.
        let text = text.replace("null[", "a[");
        let context = contexts(r#"{"a": null}"#);
        assert!(evaluate(&text, &context).is_ok(), "{text}");
    }
}

#[test]
fn indexes_select() {
    let here = r#"{
        "a": {"One": 1, "": "empty", "1": "one", "1.5": "one and a half", "true": "yes", "list": ["x", "y", "z"]},
        "text": "abc"
    }"#;
    for (text, value) in [
        ("a.one", "1"),
        ("A.ONE", "1"),
        ("a['one']", "1"),
        ("a.none", "null"),
        ("a.none.none", "null"),
        ("a[null]", r#""empty""#),
        ("a[1]", r#""one""#),
        ("a[1.5]", r#""one and a half""#),
        ("a[true]", r#""yes""#),
        ("a[a]", "null"),
        ("a.list[0]", r#""x""#),
        ("a.list[1.9]", r#""y""#),
        ("a.list['2']", r#""z""#),
        ("a.list[true]", r#""y""#),
        ("a.list[-1]", "null"),
        ("a.list[3]", "null"),
        ("a.list[NaN]", "null"),
        ("a.list['x']", "null"),
        ("a.list[Infinity]", "null"),
        ("a.list[-0.5]", "null"),
        ("a.list.length", "null"),
        ("text[0]", "null"),
        ("text.length", "null"),
        ("a[format('{0}', 'one')]", "1"),
        ("(a).one", "1"),
        ("fromJSON('[5]')[0]", "5"),
    ] {
        assert_eq!(show_in(text, here), value, "{text}");
    }
}

#[test]
fn wildcards_filter() {
    let here = r#"{
        "jobs": {"a": {"r": 1, "o": {"v": "x"}}, "b": {"o": {"v": "y"}}, "c": 3, "d": null},
        "rows": [[1, 2], [3], "text", {"0": "zero"}]
    }"#;
    for (text, value) in [
        ("jobs.*.r", "[1]"),
        ("jobs[*].o.v", r#"["x","y"]"#),
        ("jobs.*.o.*", r#"["x","y"]"#),
        ("jobs.*.*", r#"[1,{"v":"x"},{"v":"y"}]"#),
        ("jobs.*['R']", "[1]"),
        ("rows.*", r#"[[1,2],[3],"text",{"0":"zero"}]"#),
        ("rows.*[0]", r#"[1,3,"zero"]"#),
        ("rows.*[1]", "[2]"),
        ("rows.*.*", r#"[1,2,3,"zero"]"#),
        ("rows[0].*", "[1,2]"),
        ("jobs.none.*", "[]"),
        ("jobs.c.*", "[]"),
        ("jobs.*.none.none", "[]"),
        // A filtered array stays one in parentheses.
        ("(jobs.*).r", "[1]"),
        // Written as an operand, a wildcard is its own text.
        ("jobs[* == '*'].r", "null"),
    ] {
        assert_eq!(show_in(text, here), value, "{text}");
    }
}

#[test]
fn keys_of_env_have_a_case() {
    let here = r#"{"env": {"Path": 1, "PATH": 2}, "github": {"Ref": 3}}"#;
    for (text, value) in [("env.Path", "1"), ("ENV.PATH", "2"), ("env.path", "null"), ("github.rEF", "3")] {
        assert_eq!(show_in(text, here), value, "{text}");
    }
}
