//! Readers of the scripts in `run:`: which commands they have, with their words and where their output goes.
//!
//! One reads what `sh`, `bash` and `zsh` share, one PowerShell, well enough to look at commands; they never fail, and what
//! they do not understand becomes words. `${{ … }}` is kept as a part of a word, as GitHub puts its value in before the
//! shell starts.

mod powershell;
mod reader;
mod word;

use std::ops::Range;

pub(crate) use word::{Part, Quote, Word};

/// How a script is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) enum Syntax {
    /// `sh`, `bash`, `zsh`.
    #[default]
    Posix,
    PowerShell,
}

/// The commands of a script in the order in which they stand, those in substitutions, loops and groups too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    syntax: Syntax,
    pub(crate) commands: Vec<Command>,
}

/// One simple command, or a group of commands as far as its redirections go.
#[derive(Debug, Clone, Default)]
pub(crate) struct Command {
    /// The command's name and its arguments; empty for a group and for bare assignments.
    pub(crate) words: Vec<Word>,
    /// `NAME=value` before the name, or alone.
    pub(crate) assignments: Vec<Word>,
    pub(crate) redirections: Vec<Redirection>,
    /// Bytes of the script, from the first word to the last.
    pub(crate) range: Range<usize>,
    /// What it writes is read by the command after it in the list.
    pub(crate) pipes: bool,
    /// For the end of a group, a loop or a condition: the commands inside, by index.
    pub(crate) group: Option<Range<usize>>,
}

/// `>> file` and its like.
#[derive(Debug, Clone)]
pub(crate) struct Redirection {
    pub(crate) operator: Operator,
    pub(crate) target: Word,
    /// The lines of a here-document, with the range of bytes where they stand.
    pub(crate) document: Option<Word>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `>`, `>|`, `&>`.
    Write,
    /// `>>`, `&>>`.
    Append,
    /// `<`.
    Read,
    /// `<<` and `<<-`.
    Document,
    /// `<<<`.
    String,
}

impl Script {
    /// Reads a script of `sh`.
    pub(crate) fn read(text: &str) -> Script {
        Script::read_as(Syntax::Posix, text)
    }

    pub(crate) fn read_as(syntax: Syntax, text: &str) -> Script {
        match syntax {
            Syntax::Posix => reader::read(text),
            Syntax::PowerShell => powershell::read(text),
        }
    }

    /// The command that reads what this one writes.
    pub(crate) fn piped_into(&self, index: usize) -> Option<&Command> {
        let command = self.commands.get(index)?;
        if command.pipes { self.commands.get(index + 1) } else { None }
    }

    /// The commands whose output a redirection to `$name` takes, each with that redirection's operator. A group's
    /// redirection takes the output of every command inside.
    pub(crate) fn writers_of(&self, name: &str) -> Vec<(&Command, Operator)> {
        let mut writers = Vec::new();
        for (index, command) in self.commands.iter().enumerate() {
            let redirected = command.redirections.iter().find(|redirection| {
                matches!(redirection.operator, Operator::Write | Operator::Append)
                    && redirection.target.is_variable(name)
            });
            let piped = self.piped_into(index).is_some_and(|next| self.stores(next, name));
            let operator = redirected.map_or(Operator::Append, |redirection| redirection.operator);
            if redirected.is_none() && !piped && !self.stores_its_own(index, name) {
                continue;
            }
            match &command.group {
                Some(group) => {
                    let inside = self.commands.get(group.clone()).unwrap_or_default();
                    writers
                        .extend(inside.iter().filter(|command| command.group.is_none()).map(|inner| (inner, operator)));
                }
                None => writers.push((command, operator)),
            }
        }
        writers
    }

    /// Whether a command stores what it reads in the file `$name`.
    fn stores(&self, command: &Command, name: &str) -> bool {
        let is_one = command.name().is_some_and(|command| match self.syntax {
            Syntax::Posix => command == "tee",
            Syntax::PowerShell => STORES.iter().any(|store| store.eq_ignore_ascii_case(command)),
        });
        is_one && command.words.iter().skip(1).any(|word| word.hands_over(name))
    }

    /// Where the file `$name` is named by what stores something in it: bytes of the script.
    pub(crate) fn stored_at(&self, name: &str) -> impl Iterator<Item = Range<usize>> {
        let words = self.commands.iter().flat_map(move |command| {
            let arguments = command.words.iter().skip(1).filter(move |_| self.stores(command, name));
            command.redirections.iter().map(|redirection| &redirection.target).chain(arguments)
        });
        words.filter(move |word| word.hands_over(name)).map(|word| word.range.clone())
    }

    /// `Add-Content -Path $env:NAME -Value …`: a command of PowerShell that stores what is on its own line.
    fn stores_its_own(&self, index: usize, name: &str) -> bool {
        let fed = index.checked_sub(1).is_some_and(|before| self.piped_into(before).is_some());
        self.syntax == Syntax::PowerShell && !fed && self.stores(&self.commands[index], name)
    }
}

/// Commands of PowerShell that write to the file that they name, with their short names.
const STORES: &[&str] = &["Add-Content", "ac", "Set-Content", "sc", "Out-File", "Tee-Object", "tee"];

impl Command {
    /// The command's name without its directory, where it is written out.
    pub(crate) fn name(&self) -> Option<&str> {
        Some(base(self.words.first()?.literal()?))
    }

    /// Whether an option stands in it, alone or as `--name=value`.
    pub(crate) fn has_option(&self, names: &[&str]) -> bool {
        self.words.iter().skip(1).any(|word| {
            let option = word.text.split('=').next().unwrap_or_default();
            names.contains(&option)
        })
    }

    /// The command behind `sudo`, `env`, `time`, `exec` and the like: its words from the name on.
    pub(crate) fn inner(&self) -> &[Word] {
        let mut words = &self.words[..];
        while let Some(first) = words.first().and_then(Word::literal) {
            if !matches!(
                base(first),
                "sudo" | "env" | "time" | "exec" | "command" | "nohup" | "nice" | "retry" | "doas"
            ) {
                break;
            }
            let skip =
                words.iter().skip(1).take_while(|word| word.text.starts_with('-') || word.is_assignment()).count();
            words = words.get(1 + skip..).unwrap_or_default();
        }
        words
    }

    /// [`Command::inner`] as text; what is not written out is empty.
    pub(crate) fn inner_text(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.inner().iter().map(|word| word.literal().unwrap_or_default()).collect();
        if let Some(first) = texts.first_mut() {
            *first = base(first);
        }
        texts
    }
}

/// A program's name without its directory, and without what the names of programs end with on Windows.
fn base(name: &str) -> &str {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    [".exe", ".cmd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> Vec<String> {
        shown_as(Syntax::Posix, text)
    }

    fn shown_as(syntax: Syntax, text: &str) -> Vec<String> {
        let script = Script::read_as(syntax, text);
        let show = |command: &Command| {
            let words: Vec<&str> =
                command.assignments.iter().chain(&command.words).map(|word| word.text.as_str()).collect();
            let mut line = words.join(" | ");
            for redirection in &command.redirections {
                line.push_str(&format!(" {:?} {}", redirection.operator, redirection.target.text));
                if let Some(document) = &redirection.document {
                    line.push_str(&format!(" {:?}", document.text));
                }
            }
            if let Some(group) = &command.group {
                line.push_str(&format!(" group {group:?}"));
            }
            if command.pipes {
                line.push_str(" →");
            }
            line.trim().to_owned()
        };
        script.commands.iter().map(show).collect()
    }

    #[test]
    fn commands_words_and_where_they_write() {
        for (text, expected) in [
            ("echo a 'b c' \"d $e\"", vec!["echo | a | b c | d $e"]),
            ("a; b && c || d & e", vec!["a", "b", "c", "d", "e"]),
            ("curl -L x | sudo bash -s", vec!["curl | -L | x →", "sudo | bash | -s"]),
            ("A=1 B=\"x y\" make", vec!["A=1 | B=x y | make"]),
            ("A=1\nB=2", vec!["A=1", "B=2"]),
            ("echo one \\\n  two # three\nfour", vec!["echo | one | two", "four"]),
            ("echo x >> $GITHUB_ENV 2>&1", vec!["echo | x Append $GITHUB_ENV"]),
            (
                "{ echo a; echo b; } >> \"$GITHUB_OUTPUT\"",
                vec!["echo | a", "echo | b", "Append $GITHUB_OUTPUT group 0..2"],
            ),
            ("cat <<EOF > f\nline $x\nEOF\nnext", vec!["cat Document EOF \"line $x\\n\" Write f", "next"]),
            ("cat <<-'E' | sh\n\tls\n\tE\n", vec!["cat Document E \"\\tls\\n\" →", "sh"]),
            ("x=$(git log | head) y", vec!["git | log →", "head", "x=$(git log | head) | y"]),
            ("if test -f a; then b; fi", vec!["test | -f | a", "b"]),
            ("for i in a b; do c \"$i\"; done > out", vec!["c | $i", "Write out group 0..1"]),
            ("case $x in\n a|b) one ;;\n *) two ;;\nesac", vec!["one", "two"]),
            ("f() { g; }", vec!["g"]),
            ("echo ${{ github.event.issue.title }} x", vec!["echo | ${{ github.event.issue.title }} | x"]),
            ("echo '${{ 'it''s' }}'", vec!["echo | ${{ 'it''s' }}"]),
            ("[[ a && b ]] && c", vec!["[[ | a | && | b | ]]", "c"]),
            ("(( x++ )); y", vec!["y"]),
            ("echo \"unclosed", vec!["echo | unclosed"]),
            ("", vec![]),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn commands_of_powershell() {
        for (text, expected) in [
            (
                "dotnet nuget push x `\n  --api-key \"$env:KEY\"",
                vec!["dotnet | nuget | push | x | --api-key | $env:KEY"],
            ),
            ("a `\r\n b\nc", vec!["a | b", "c"]),
            ("a | b |\n  c\nd\n  # why\n  | e", vec!["a →", "b →", "c", "d →", "e"]),
            ("a; b && c || d", vec!["a", "b", "c", "d"]),
            ("npm i a,\n  b\nc", vec!["npm | i | a, | b", "c"]),
            ("& .\\tools\\x.exe \"a b\"\n. 'y.ps1'\n& \"$p\" z", vec![".\\tools\\x.exe | a b", "y.ps1", "$p | z"]),
            (
                "$x = npm view y\n[string]$z += 'a'\n$h['k']='v'",
                vec!["npm | view | y", "Write-Output | a", "Write-Output | v"],
            ),
            ("\"a=$b\" >> $env:F 2>&1", vec!["Write-Output | a=$b Append $env:F"]),
            ("echo `\"x`$y 'it''s' \"q\"\"r\" *> f", vec!["echo | \"x$y | it's | q\"r Write f"]),
            (
                "if ($a -eq (b c)) { d } elseif (e) {\n f } else { g }",
                vec!["b | c", "Write-Output | $a | -eq | (b c)", "d", "e", "f", "g"],
            ),
            ("try { a } catch [X] { b } finally { c }\nfunction F($x) { d }", vec!["a", "b", "c", "d"]),
            ("a | ForEach-Object { b $_ } | c", vec!["a →", "b | $_", "ForEach-Object | { b $_ } →", "c"]),
            ("x @\"\nit's $(y)\n\"@ -z\nw", vec!["y", "x | it's $(y) | -z", "w"]),
            ("x @'\n$(y) \"\n'@\nw", vec!["x | $(y) \"", "w"]),
            ("a <# b\n c #> d # e\nf", vec!["a | d", "f"]),
            ("a @{ b = 'c' } (d) e", vec!["d", "a | @{ b = 'c' } | (d) | e"]),
            ("a ${{ x['}}'] }} ${env:B}", vec!["a | ${{ x['}}'] }} | ${env:B}"]),
            ("a 2>&1 b *>&1\nc >&2", vec!["a | b", "c"]),
            ("${a} = b\n${a}.b['c'] += d\nif (x) { $a }\n$e = f", vec!["b", "d", "x", "Write-Output | $a", "f"]),
            ("a\n\n# b\n\n  | c\n\n\nd\n# e", vec!["a →", "c", "d"]),
            ("a \"$(${env:B})\" ($env:C) ($d)", vec!["Write-Output | $d", "a | $(${env:B}) | ($env:C) | ($d)"]),
            ("", vec![]),
        ] {
            assert_eq!(shown_as(Syntax::PowerShell, text), expected, "{text}");
        }
    }

    #[test]
    fn any_text_is_read() {
        for text in [
            "$(", "${", "`", "<<", "<<EOF", "'", "\\", ")", "}", "case", "${{", "$((", "a=(1 2", "done", "fi >", "@\"",
            "@'\n", "@\"\n\"@", "a {", "\"$(\"", "if (", "<#", "&", "$x =", "a `", "é'é", "@(", "@{é",
        ] {
            for syntax in [Syntax::Posix, Syntax::PowerShell] {
                let script = Script::read_as(syntax, text);
                assert!(script.commands.iter().all(|command| command.range.end <= text.len()), "{text}");
            }
        }
        for text in ["a >&é\nb", "2>&“x”", "a 2>&", "a >&-é", "a >>&1é"] {
            assert!(!Script::read_as(Syntax::PowerShell, text).commands.is_empty(), "{text}");
        }
        let deep = "(\"$(".repeat(5_000);
        assert!(!Script::read_as(Syntax::PowerShell, &deep).commands.is_empty());
    }

    /// Pieces that make texts which get past the first bytes.
    const PIECES: &[&str] = &[
        "a", " ", "\n", "é", "“", "$", "{", "}", "(", ")", "[", "]", "'", "\"", "`", "\\", "|", "&", ">", "<", ";",
        "#", "@", "=", ",", ":", "-", "1", "*", "${{", "}}", "$(", "@\"\n", "\n\"@", "2>&", "<#", "#>", "<<EOF",
        "\nEOF\n", "if ", "case ", "class ", "$env:A", "\r\n",
    ];

    proptest! {
        #[test]
        fn any_pieces_are_read(picks in prop::collection::vec(0..PIECES.len(), 0..40)) {
            let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
            for syntax in [Syntax::Posix, Syntax::PowerShell] {
                let script = Script::read_as(syntax, &text);
                for command in &script.commands {
                    prop_assert!(text.get(command.range.clone()).is_some(), "{command:?}");
                    for word in &command.words {
                        prop_assert!(text.get(word.range.clone()).is_some(), "{word:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn large_scripts_are_read_in_bounded_time() {
        for (piece, count) in [
            ("\n", 500_000),
            ("# a\n", 200_000),
            ("a\n\n", 200_000),
            ("$a}", 200_000),
            ("${a};", 100_000),
            ("['${']\n", 100_000),
        ] {
            let text = format!("a\n{}\nb", piece.repeat(count));
            assert!(!Script::read_as(Syntax::PowerShell, &text).commands.is_empty(), "{piece:?}");
        }
    }

    #[test]
    fn parts_of_words_know_their_quotes_and_places() {
        let text = "echo a'b'\"c $D ${{ x }}\"$(id)";
        let script = Script::read(text);
        let word = &script.commands[1].words[1];
        let place = |part: &Part| match part {
            Part::Variable { range, quote, .. }
            | Part::Command { range, quote }
            | Part::Number { range, quote }
            | Part::Expression { range, quote } => (text[range.clone()].to_owned(), *quote),
        };
        let parts: Vec<(String, Quote)> = word.parts.iter().map(place).collect();
        assert_eq!(
            parts,
            [("$D", Quote::Double), ("${{ x }}", Quote::Double), ("$(id)", Quote::None)]
                .map(|(part, quote)| (part.to_owned(), quote)),
            "{word:?}"
        );
        assert!(word.literal().is_none());
        assert_eq!(Script::read("x 'a'\"b\"c").commands[0].words[1].literal(), Some("abc"));
    }

    #[test]
    fn who_writes_to_a_file_of_commands() {
        let text = "echo a >> $GITHUB_ENV\n{ echo b; cat c; } >> \"${GITHUB_ENV}\"\ncat d | tee -a \"$GITHUB_ENV\"\necho e > f";
        let script = Script::read(text);
        let writers: Vec<String> =
            script.writers_of("GITHUB_ENV").iter().map(|(command, _)| text[command.range.clone()].to_owned()).collect();
        assert_eq!(writers, ["echo a", "echo b", "cat c", "cat d"]);
        let text = "\"a\" >> $env:GITHUB_ENV\n\"b\" |\n Out-File -Append $Env:GITHUB_ENV\nAdd-Content `\n $env:GITHUB_ENV c\nd > f";
        let script = Script::read_as(Syntax::PowerShell, text);
        let writers: Vec<&str> =
            script.writers_of("GITHUB_ENV").iter().map(|(command, _)| &text[command.range.clone()]).collect();
        assert_eq!(writers, ["\"a\"", "\"b\"", "Add-Content `\n $env:GITHUB_ENV c"]);
        let text = "\"a\" | Out-File -FilePath:$env:GITHUB_ENV -Append\n\"b\" | Out-File \"$($env:GITHUB_ENV)\"\nc >> ($env:GITHUB_ENV)\nd | ac '$env:GITHUB_ENV'\ne | ac x$env:GITHUB_ENV";
        let script = Script::read_as(Syntax::PowerShell, text);
        let writers: Vec<&str> =
            script.writers_of("GITHUB_ENV").iter().map(|(command, _)| &text[command.range.clone()]).collect();
        assert_eq!(writers, ["\"a\"", "\"b\"", "c"]);
        let places: Vec<&str> = script.stored_at("GITHUB_ENV").map(|range| &text[range]).collect();
        assert_eq!(places, ["-FilePath:$env:GITHUB_ENV", "\"$($env:GITHUB_ENV)\"", "($env:GITHUB_ENV)"]);
    }

    #[test]
    fn the_command_behind_a_wrapper() {
        for (text, expected) in [
            ("sudo -E pip install x", vec!["pip", "install", "x"]),
            ("env A=1 /usr/bin/npm i", vec!["npm", "i"]),
            ("time make", vec!["make"]),
            ("sudo", vec![]),
        ] {
            assert_eq!(Script::read(text).commands[0].inner_text(), expected, "{text}");
        }
    }
}
