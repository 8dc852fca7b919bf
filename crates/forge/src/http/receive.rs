use std::process::Stdio;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::json;
use store::repositories::Repository;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::answer::{Refusal, fresh};
use super::incoming::Incoming;
use super::report::{self, Report};
use super::{access, pkt, run};
use crate::git::is_zero;
use crate::push::{Command, Inquiry, PushLock};
use crate::{Actor, Error, Forge, Result};

/// The head of a push: everything before the pack.
#[derive(Debug, Default)]
struct Request {
    commands: Vec<Command>,
    side_band: bool,
    report_status: bool,
    push_options: Vec<String>,
    /// As it came, for git.
    raw: Vec<u8>,
}

/// Bytes of commands and options.
const LONGEST_HEAD: usize = 16 << 20;
/// Lines of the head that change no ref: where a shallow clone ends, and options.
const MOST_OTHER_LINES: usize = 100_000;

/// Takes a push in.
pub(super) async fn receive_pack(
    State(forge): State<Forge>,
    Path((owner, name)): Path<(String, String)>,
    access::Asking(caller): access::Asking,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let limits = forge.settings().limits.clone();
    // Before a byte is read: strangers make the server read nothing.
    access::may_push(&forge, &caller, &owner, &name).await?;
    let mut incoming = Incoming::new(&headers, body, limits.push_bytes, limits.idle)?;
    let request = Request::read(&mut incoming, limits.push_refs).await?;
    if request.commands.is_empty() {
        // git tries whether it may push at all before it sends much.
        incoming.drain().await?;
        return Ok(fresh("application/x-git-receive-pack-result").into_response());
    }
    let actor =
        Actor::of(&caller).ok_or_else(|| Error::Identity(identity::Denied::login("nobody is logged in").into()))?;
    let repository = access::repository_to_push(&forge, &caller, &owner, &name).await?;
    let mut verdict = forge.judge(&repository, &actor, &request.commands).await?;
    // Whoever has too much may still take something away.
    let brings = request.commands.iter().filter(|command| !is_zero(&command.new));
    if let Some(reason) = forge.why_full(&repository).await? {
        verdict.refused.extend(brings.map(|command| (command.name.clone(), reason.clone())));
    }
    if !verdict.refused.is_empty() {
        let refused = &verdict.refused;
        for (name, reason) in refused {
            forge.identity().refused(&caller, "git.push", Some(repository.id), name, reason);
        }
        incoming.drain().await?;
        // All or nothing: what goes with a refused ref is refused too.
        let of = |name: &str| refused.iter().find(|(refused, _)| refused == name).map(|(_, reason)| reason.as_str());
        let names = request.commands.iter().map(|command| {
            (command.name.as_str(), of(&command.name).unwrap_or("another ref of this push was refused"))
        });
        let report = report::refused(names);
        return Ok((fresh("application/x-git-receive-pack-result"), request.frame(&report)).into_response());
    }
    // Past this point the push goes on whatever becomes of the connection: the client may be gone when git is done.
    let (ready, response) = oneshot::channel();
    let push = Push { forge, repository, actor, request, look_at_objects: verdict.look_at_objects };
    tokio::spawn(async move {
        let limit = push.forge.settings().limits.longest;
        let _ = tokio::time::timeout(limit, push.take_in(incoming, ready)).await;
    });
    match response.await {
        Ok(Ok(body)) => Ok((fresh("application/x-git-receive-pack-result"), body).into_response()),
        Ok(Err(error)) => Err(Refusal(error)),
        Err(_) => Err(Error::Busy("the push took too long".to_owned()).into()),
    }
}

impl Request {
    async fn read(incoming: &mut Incoming, most: usize) -> Result<Request> {
        let mut request = Request::default();
        let mut options = false;
        let mut others = 0;
        let mut other = || {
            others += 1;
            let message = || format!("a push has {MOST_OTHER_LINES} lines of shallow commits and options at most");
            if others > MOST_OTHER_LINES { Err(Error::TooLarge(message())) } else { Ok(()) }
        };
        while let Some(line) = request.line(incoming).await? {
            let mut text: &[u8] = &line;
            if request.commands.is_empty()
                && let Some(nul) = text.iter().position(|byte| *byte == 0)
            {
                let capabilities = String::from_utf8_lossy(&text[nul + 1..]).into_owned();
                let has = |name: &str| capabilities.split([' ', '\n']).any(|word| word == name);
                request.side_band = has("side-band-64k");
                request.report_status = has("report-status") || has("report-status-v2");
                options = has("push-options");
                text = &text[..nul];
            }
            let text = std::str::from_utf8(text.strip_suffix(b"\n").unwrap_or(text))
                .map_err(|_| Error::invalid("Request", "body", "the name of a ref is no UTF-8"))?;
            if text.starts_with("shallow ") {
                other()?;
                continue;
            }
            request.commands.push(command(text)?);
            if request.commands.len() > most {
                return Err(Error::TooLarge(format!("a push may change {most} refs at once")));
            }
        }
        if options && !request.commands.is_empty() {
            while let Some(line) = request.line(incoming).await? {
                other()?;
                request.push_options.push(String::from_utf8_lossy(&line).trim_end_matches('\n').to_owned());
            }
        }
        Ok(request)
    }

    /// One line; `None` at the end of the list.
    async fn line(&mut self, incoming: &mut Incoming) -> Result<Option<Bytes>> {
        if self.raw.is_empty() && incoming.is_over().await? {
            return Ok(None);
        }
        let digits: [u8; 4] = incoming.exactly(4).await?.as_ref().try_into().unwrap_or_default();
        self.raw.extend_from_slice(&digits);
        match pkt::head(digits) {
            Some(pkt::Head::Flush) => Ok(None),
            Some(pkt::Head::Data(length)) => {
                let data = incoming.exactly(length).await?;
                self.raw.extend_from_slice(&data);
                if self.raw.len() > LONGEST_HEAD {
                    return Err(Error::TooLarge("the list of refs is longer than this server takes".to_owned()));
                }
                Ok(Some(data))
            }
            _ => Err(Error::invalid("Request", "body", "a line does not begin with its length in four hex digits")),
        }
    }

    /// A report as this client wants it.
    fn frame(&self, report: &[u8]) -> Vec<u8> {
        if !self.report_status {
            return Vec::new();
        }
        if !self.side_band {
            return report.to_vec();
        }
        let mut framed = pkt::band(1, report);
        framed.extend_from_slice(pkt::FLUSH);
        framed
    }
}

fn command(text: &str) -> Result<Command> {
    let mut words = text.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some(old), Some(new), Some(name)) if old.len() == 40 && new.len() == 40 && !name.is_empty() => {
            Ok(Command { name: name.to_owned(), old: old.to_owned(), new: new.to_owned() })
        }
        _ => Err(Error::invalid("Request", "body", "a command is `OLD NEW NAME`, with two object ids of 40 digits")),
    }
}

/// A push that may be taken in.
struct Push {
    forge: Forge,
    repository: Repository,
    actor: Actor,
    request: Request,
    look_at_objects: bool,
}

/// How sending a push to git went.
enum Fed {
    All(Result<()>),
    /// git ended before it had everything: its report.
    Early(Result<Vec<u8>>),
}

type Ready = oneshot::Sender<Result<Body>>;

impl Push {
    async fn take_in(self, mut incoming: Incoming, ready: Ready) {
        let (say, said) = mpsc::channel::<Bytes>(64);
        let result = self.run(&mut incoming, &say, ready, said).await;
        if let Err(error) = result {
            // The refs are what they are; what was wanted is settled by looking at them.
            let text = format!("{error}; what has reached the server is kept, and told when it can be\n");
            let _ = say.send(pkt::band(3, text.as_bytes()).into()).await;
        }
    }

    async fn run(
        &self,
        incoming: &mut Incoming,
        say: &mpsc::Sender<Bytes>,
        ready: Ready,
        said: mpsc::Receiver<Bytes>,
    ) -> Result<()> {
        let _slot = match run::slot(&self.forge, (&self.actor).into()).await {
            Ok(slot) => slot,
            Err(error) => return answer(ready, Err(error)),
        };
        let dir = self.forge.push_dir();
        let lock = PushLock::new(&dir)?;
        let begun = self.begin(&lock, &dir).await;
        let (mut child, inquiry) = match begun {
            Ok(begun) => begun,
            Err(error) => return answer(ready, Err(error)),
        };
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return answer(ready, Err(Error::Internal("git has no pipes".to_owned())));
        };
        let listening = listen(stdout, say, self.request.side_band);
        tokio::pin!(listening);
        let fed = {
            let (raw, incoming) = (&self.request.raw, &mut *incoming);
            let feeding = async move {
                stdin.write_all(raw).await.map_err(Error::io("git"))?;
                while let Some(chunk) = incoming.chunk().await? {
                    stdin.write_all(&chunk).await.map_err(Error::io("git"))?;
                }
                Ok(())
            };
            tokio::pin!(feeding);
            tokio::select! {
                fed = &mut feeding => Fed::All(fed),
                heard = &mut listening => Fed::Early(heard),
            }
        };
        match fed {
            Fed::All(Ok(())) => {}
            // git closed its end and says why on its output.
            Fed::All(Err(Error::Io { .. })) => incoming.drain().await?,
            // The client went away, or sent too much. git sees the end of its input: of half a pack it takes nothing, and what
            // it had whole it takes in. It is not killed: that could leave some refs changed and others locked.
            Fed::All(Err(error)) => {
                drop(said);
                let settled = match self.heard(inquiry.as_ref(), listening).await {
                    Ok(heard) => self.finish(child, heard, &lock, say, None).await,
                    Err(error) => Err(error),
                };
                answer(ready, Err(error))?;
                return settled;
            }
            // git has refused before it had read everything.
            Fed::Early(heard) => {
                incoming.drain().await?;
                return self.finish(child, heard?, &lock, say, Some((ready, said))).await;
            }
        }
        let body = Body::from_stream(futures_util::stream::unfold(said, |mut said| async {
            let chunk = said.recv().await?;
            Some((Ok::<_, std::convert::Infallible>(chunk), said))
        }));
        answer(ready, Ok(body))?;
        let heard = self.heard(inquiry.as_ref(), listening).await?;
        self.finish(child, heard, &lock, say, None).await
    }

    /// git's report, once it has asked what it has to ask.
    async fn heard(
        &self,
        inquiry: Option<&Inquiry>,
        mut listening: impl Future<Output = Result<Vec<u8>>> + Unpin,
    ) -> Result<Vec<u8>> {
        let Some(inquiry) = inquiry else { return listening.await };
        let serving = inquiry.serve(&self.forge, &self.repository, &self.actor, &self.request.commands);
        tokio::pin!(serving);
        tokio::select! {
            heard = &mut listening => heard,
            served = &mut serving => {
                served?;
                listening.await
            }
        }
    }

    /// Writes down what is wanted and starts git.
    async fn begin(&self, lock: &PushLock, dir: &std::path::Path) -> Result<(Child, Option<Inquiry>)> {
        let refs: Vec<_> =
            self.request.commands.iter().map(|c| (c.name.clone(), c.old.clone(), c.new.clone())).collect();
        let facts = json!({ "options": self.request.push_options });
        self.forge.intend(&self.repository, &self.actor, "git", facts, lock, &refs).await?;
        let repo = self.forge.git(self.repository.id);
        let hooks = format!("core.hooksPath={}", self.forge.hooks_dir().display());
        let none = "core.hooksPath=/dev/null".to_owned();
        let inquiry = if self.look_at_objects { Some(Inquiry::new(dir, lock.batch())?) } else { None };
        let config = if inquiry.is_some() { &hooks } else { &none };
        let mut command = run::service(&repo, "receive-pack", None, &[config, "transfer.unpackLimit=100"], &[]);
        if let Some(inquiry) = &inquiry {
            command.env("TRUNKLINE_ASK", &inquiry.ask).env("TRUNKLINE_ANSWER", &inquiry.answer);
        }
        command.stderr(Stdio::from(lock.file().try_clone().map_err(Error::io("the lock of a push"))?));
        let child = command.spawn().map_err(Error::io("git"))?;
        Ok((child, inquiry))
    }

    /// git has ended: settles what it did, then tells the client.
    async fn finish(
        &self,
        mut child: Child,
        heard: Vec<u8>,
        lock: &PushLock,
        say: &mpsc::Sender<Bytes>,
        early: Option<(Ready, mpsc::Receiver<Bytes>)>,
    ) -> Result<()> {
        child.wait().await.map_err(Error::io("git"))?;
        let report = Report::read(&heard);
        self.settle(lock, &report).await?;
        let mut last = Vec::new();
        if self.request.side_band && !report.ok.is_empty() {
            last.extend(pkt::band(2, self.hint(&report).as_bytes()));
        }
        last.extend(self.request.frame(&heard));
        if let Some((ready, mut said)) = early {
            let mut body = Vec::new();
            while let Ok(chunk) = said.try_recv() {
                body.extend_from_slice(&chunk);
            }
            body.extend(last);
            return answer(ready, Ok(Body::from(body)));
        }
        // The client may be gone.
        let _ = say.send(last.into()).await;
        Ok(())
    }

    /// A database that is away for a moment does not fail a push that is in already.
    async fn settle(&self, lock: &PushLock, report: &Report) -> Result<()> {
        let mut pause = Duration::from_millis(100);
        loop {
            match self.forge.settle(lock.batch(), &|push| report.ok.contains(&push.git_ref)).await {
                Err(Error::Store(error)) if error.is_passing() && pause < Duration::from_secs(20) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                other => return other,
            }
        }
    }

    /// Where the runs are, and how to make a pull request of a new branch.
    fn hint(&self, report: &Report) -> String {
        let full_name = self.repository.full_name();
        let urls = self.forge.urls();
        let mut text = String::from("\n");
        let default = format!("refs/heads/{}", self.repository.default_branch);
        let new = self
            .request
            .commands
            .iter()
            .find(|command| is_zero(&command.old) && command.name != default && report.ok.contains(&command.name));
        let branch = new.and_then(|command| command.name.strip_prefix("refs/heads/"));
        if let Some(branch) = branch.filter(|_| self.repository.pushed_at.is_some()) {
            let (page, base) = (urls.page(&full_name), &self.repository.default_branch);
            text.push_str(&format!("Make a pull request of {branch}:\n  {page}/compare/{base}...{branch}\n"));
        }
        text.push_str(&format!("Runs of this push:\n  {}\n\n", urls.runs_page(&full_name)));
        text
    }
}

fn answer(ready: Ready, body: Result<Body>) -> Result<()> {
    // Nobody listens any more when the client is gone.
    let _ = ready.send(body);
    Ok(())
}

/// Passes on what git says meanwhile, and keeps its report, which is told when everything is settled.
async fn listen(mut stdout: ChildStdout, say: &mpsc::Sender<Bytes>, side_band: bool) -> Result<Vec<u8>> {
    let mut report = Vec::new();
    if !side_band {
        stdout.read_to_end(&mut report).await.map_err(Error::io("git"))?;
        return Ok(report);
    }
    loop {
        let mut digits = [0; 4];
        match stdout.read_exact(&mut digits).await {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(report),
            Err(error) => return Err(Error::io("git")(error)),
        }
        let Some(head) = pkt::head(digits) else {
            return Err(Error::Internal("git answered in an unknown form".to_owned()));
        };
        let pkt::Head::Data(length) = head else { continue };
        let mut data = vec![0; length];
        stdout.read_exact(&mut data).await.map_err(Error::io("git"))?;
        match data.split_first() {
            Some((1, rest)) => report.extend_from_slice(rest),
            // Progress: whoever does not listen misses some.
            Some((2, rest)) => drop(say.try_send(pkt::band(2, rest).into())),
            Some((_, rest)) => drop(say.try_send(pkt::band(3, rest).into())),
            None => {}
        }
    }
}
