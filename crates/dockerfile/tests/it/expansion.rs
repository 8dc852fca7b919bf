//! Variables, quotes and escapes, as BuildKit's own vectors have them.

use std::collections::BTreeSet;

use dockerfile::{NoVariables, Variables, expand, expand_document, expand_for_display};

const HOME: [(&str, &str); 4] = [("PWD", "/home"), ("SHELL", "bash"), ("NULL", ""), ("WORT", "Wörter")];

#[test]
fn quotes_escapes_and_defaults() {
    for (word, expected) in [
        ("hello", "hello"),
        ("he'll'o", "hello"),
        (r"he\'llo", "he'llo"),
        (r"abc\tdef", "abctdef"),
        (r#""abc\tdef""#, r"abc\tdef"),
        (r#""abc\\tdef""#, r"abc\tdef"),
        (r"'abc\tdef'", r"abc\tdef"),
        (r"hello\", "hello"),
        (r"hello\\", r"hello\"),
        (r#""hel'lo""#, "hel'lo"),
        (r"'hello\'", r"hello\"),
        (r#""''""#, "''"),
        ("$.", "$."),
        ("$", "$"),
        ("a$", "a$"),
        ("he$1x", "hex"),
        ("he$.x", "he$.x"),
        ("he$pwd.", "he."),
        ("he$PWD", "he/home"),
        (r"he\$PWD", "he$PWD"),
        (r"he\\$PWD", r"he\/home"),
        (r#""he\$PWD""#, "he$PWD"),
        (r#""he\\$PWD""#, r"he\/home"),
        (r"\${}", "${}"),
        (r"he\${}xx", "he${}xx"),
        ("he${hi}xx", "hexx"),
        ("he${PWD}", "he/home"),
        ("he${XXX:-000}xx", "he000xx"),
        ("he${PWD:-000}xx", "he/homexx"),
        ("he${NULL:-000}xx", "he000xx"),
        ("he${NULL-000}xx", "hexx"),
        ("he${XXX-000}xx", "he000xx"),
        ("he${XXX:-${YYY:-yyy}}xx", "heyyyxx"),
        ("he${PWD?}", "he/home"),
        ("he${NULL?}", "he"),
        ("he${XXX:+${PWD}}xx", "hexx"),
        ("he${PWD:+${SHELL}}xx", "hebashxx"),
        ("he${NULL:+000}xx", "hexx"),
        ("he${NULL+000}xx", "he000xx"),
        ("'he${XX}'", "he${XX}"),
        (r#""he'$PWD'""#, "he'/home'"),
        (r#"'"hello"'"#, r#""hello""#),
        ("he${PWD:+${PWD}:}xx", "he/home:xx"),
        (r"he${XXX:-\$PWD:}xx", "he$PWD:xx"),
        (r"he${XXX:-\${PWD}z}xx", "he${PWDz}xx"),
        ("$WORT", "Wörter"),
        ("ä${WORT}ö", "äWörterö"),
        (r"ä\'ö", "ä'ö"),
        ("${aaa}}", "}"),
        ("${aaa:-bbb}}", "bbb}"),
        ("${aaa:-bbb {foo}", "bbb {foo"),
        ("${1:-bbb}", "bbb"),
        ("$999aaa", "aaa"),
        ("$@@@", "@@"),
        ("$@aaa", "aaa"),
        ("${@:-bbb}aaa", "bbbaaa"),
        ("${-:+bbb}", ""),
        ("$$", ""),
        ("a<b<<c", "a<b<<c"),
    ] {
        assert_eq!(expand(word, '\\', &HOME).map(|found| found.text).as_deref(), Ok(expected), "{word}");
    }
}

#[test]
fn what_cannot_be_read() {
    for word in [
        "he'llo",
        r"he\\'llo",
        "\"hello",
        r#""hello\""#,
        "'hello",
        "${}",
        "${}aaa",
        "he${.}",
        "he${XXX:YYY}",
        "he${XXX?}",
        "he${XXX:?}",
        "he${NULL:?}",
        "he${PWD",
        "he${PWD:=000}xx",
        "${{aaa}",
        "${aaa:-bbb ${foo}",
        "${:-bbb}",
        "${PWD:#x}",
        "${PWD:%x}",
        "${PWD/x}",
        "${PWD//}",
        "${PWD#\\x}",
        "${PWD=x}",
    ] {
        assert!(expand(word, '\\', &HOME).is_err(), "{word}");
    }
}

#[test]
fn patterns() {
    let set = |value: &'static str| [("FOO", value), ("BAR", "x"), ("NONE", ""), ("NEEDLE", "\\*/")];
    for (word, value, expected) in [
        (r"${FOO#()[]{\}^$.\*\?|\\}", r"()[]{}^$.*?|\x", "x"),
        (r"${FOO%%\**}", "xx**", "xx"),
        ("${FOO#*x*y}", "xxyy", "y"),
        ("${FOO#*}", "xxyy", "xxyy"),
        ("${FOO##*}", "xxyy", ""),
        ("${FOO#$BAR}", "xxyy", "xyy"),
        ("${FOO#$NONE}", "xxyy", "xxyy"),
        ("${FOO#}", "xxyy", "xxyy"),
        ("${FOO##*x}", "xxyy", "yy"),
        (r"${FOO#?\?}", "???y", "?y"),
        ("${ABC:-.}${FOO%x}${ABC:-.}", "xxyy", ".xxyy."),
        (r"${FOO%%\**\*}", "a***yy*", "a"),
        ("${FOO%.tar.*}", "app.tar.gz", "app"),
        ("${FOO%%.*}", "app.tar.gz", "app"),
        ("${FOO/$NEEDLE/.} - ${FOO//$NEEDLE/.}", "/foo*/*/*.txt", "/foo.*/*.txt - /foo..*.txt"),
        ("${FOO/http:\\/\\//https://}", "http://a", "https://a"),
        (r"${FOO//\//\/}", "/tmp/foo.txt", r"\/tmp\/foo.txt"),
        ("${FOO/$NONE/ww}", "xxyy", "wwxxyy"),
        ("${FOO///}", "xxyy", "xxyy"),
        ("${FOO//-/_}", "a-b-c", "a_b_c"),
    ] {
        assert_eq!(expand(word, '\\', &set(value)).map(|found| found.text).as_deref(), Ok(expected), "{word}");
    }
}

#[test]
fn variables_that_were_used_and_missed() {
    let found =
        expand("${FOO-a} ${BAR:-b} ${BAZ:+c} $PWD", '\\', &[("FOO", "x"), ("BAR", ""), ("PWD", "/")]).expect("good");
    let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(found.text, "x b  /");
    assert_eq!(names(&found.used), "BAR FOO PWD");
    assert_eq!(names(&found.missing), "BAZ");
}

#[test]
fn words_are_cut_after_expansion() {
    let variables = [("hi", "hi"), ("space", "abc  def"), ("leading", "  ab c"), ("trailing", "ab c   ")];
    for (text, expected) in [
        ("hello", vec!["hello"]),
        ("hello${space}bye", vec!["helloabc", "defbye"]),
        ("hello\"${space}\"bye", vec!["helloabc  defbye"]),
        ("hello \"${space}\"bye", vec!["hello", "abc  defbye"]),
        ("hello${leading}def", vec!["hello", "ab", "cdef"]),
        ("hello\"${leading}\" def", vec!["hello  ab c", "def"]),
        ("hello${trailing}d", vec!["helloab", "c", "d"]),
        ("hello\" there  \"", vec!["hello there  "]),
        (r"hello\ there", vec!["hello there"]),
        (r#"hello\" there"#, vec!["hello\"", "there"]),
        ("", vec![]),
    ] {
        let words = expand(text, '\\', &variables).expect(text).words;
        assert_eq!(words, expected, "{text}");
    }
}

#[test]
fn a_message_of_the_file_is_told() {
    let error = |word: &str| expand(word, '\\', &[("ARG", "x")]).expect_err(word).to_string();
    assert_eq!(error("${VAR:?give $ARG}"), "`VAR`: give x");
    assert_eq!(error("${VAR?}"), "`VAR`: it has to be set");
    assert_eq!(expand("${VAR?}", '\\', &[("VAR", "")]).expect("set").text, "");
}

#[test]
fn another_escape_character() {
    let value = |word: &str| expand(word, '`', &[("X", "1")]).expect(word).text;
    assert_eq!(value(r"C:\dir\$X"), r"C:\dir\1");
    assert_eq!(value("a`$X"), "a$X");
    assert_eq!(value("\"a`\"b\""), "a\"b");
}

#[test]
fn documents_keep_their_quotes() {
    let found = expand_document("say \"$X\" '${X}' \\$X\n\tit's `$X`\n", &[("X", "1")]).expect("good");
    assert_eq!(found.text, "say \"1\" '1' $X\n\tit's `1`\n");
}

#[test]
fn for_showing_nothing_is_lost() {
    for (text, expected) in
        [("echo \"$X\" $Y ${Z:-a}", "echo \"1\" $Y ${Z:-a}"), ("broken ${", "broken ${"), ("it's $X", "it's $X")]
    {
        assert_eq!(expand_for_display(text, '\\', &[("X", "1")]), expected);
    }
}

#[test]
fn growth_has_an_end() {
    struct Doubling;
    impl Variables for Doubling {
        fn get(&self, _name: &str) -> Option<&str> {
            static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "x".repeat(1 << 20));
            Some(&LONG)
        }
    }
    assert!(expand(&"$a".repeat(10_000), '\\', &Doubling).is_err());
    assert!(expand(&format!("\"{}\"", "$a".repeat(10_000)), '\\', &Doubling).is_err());
    assert!(expand(&"${a:-".repeat(100_000), '\\', &NoVariables).is_err());
}
