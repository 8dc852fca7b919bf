//! The protocol: a message comes in, an answer goes out.

use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, RequestId, Response};
use lsp_types::notification::{self, Notification as _};
use lsp_types::request::{self, Request as _};
use lsp_types::{
    CodeActionOptions, CodeActionProviderCapability, CompletionOptions, HoverProviderCapability, InitializeParams,
    InitializeResult, OneOf, PublishDiagnosticsParams, RenameOptions, ServerCapabilities, ServerInfo,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind,
};
use serde::Serialize;

use crate::error::Error;
use crate::position::{self, Encoding};
use crate::workspace::{Opener, View, Workspace};
use crate::{action, completion, diagnostics, hover, navigation, outline, uri};

/// Serves one client.
///
/// # Errors
/// The client breaks the protocol or the connection.
pub fn serve(connection: &Connection, opener: Opener<'_>) -> Result<(), Error> {
    let (id, params) = connection.initialize_start().map_err(ended)?;
    let params: InitializeParams = serde_json::from_value(params)?;
    let offered = params.capabilities.general.and_then(|general| general.position_encodings);
    let encoding = Encoding::agreed(offered.as_deref());
    connection.initialize_finish(id, serde_json::to_value(introduction(encoding))?).map_err(ended)?;
    let mut server = Server { connection, encoding, workspace: Workspace::new(opener) };
    let mut is_down = false;
    loop {
        // Changes are taken in as long as some wait; only then is there time to look at files.
        let message = match connection.receiver.try_recv() {
            Ok(message) => message,
            Err(_) => {
                server.look()?;
                match connection.receiver.recv() {
                    Ok(message) => message,
                    Err(_) if is_down => return Ok(()),
                    Err(_) => return Err(Error::Closed),
                }
            }
        };
        match message {
            Message::Request(request) if is_down => {
                let why = format!("`{}` after `shutdown`", request.method);
                server.send(failure(request.id, ErrorCode::InvalidRequest, why).into())?;
            }
            Message::Request(request) if request.method == request::Shutdown::METHOD => {
                is_down = true;
                server.send(Response::new_ok(request.id, ()).into())?;
            }
            Message::Request(request) => server.answer(request)?,
            Message::Notification(notification) if notification.method == notification::Exit::METHOD => {
                return if is_down { Ok(()) } else { Err(Error::NoShutdown) };
            }
            Message::Notification(notification) => server.take(notification)?,
            Message::Response(_) => {}
        }
    }
}

/// A client that has gone breaks no rule of the protocol.
fn ended(error: ProtocolError) -> Error {
    if error.channel_is_disconnected() { Error::Closed } else { Error::Protocol(error) }
}

fn introduction(encoding: Encoding) -> InitializeResult {
    let capabilities = ServerCapabilities {
        position_encoding: Some(encoding.name()),
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", " ", "{", ":", "["].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![lsp_types::CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: lsp_types::WorkDoneProgressOptions::default(),
        })),
        ..ServerCapabilities::default()
    };
    let info = ServerInfo { name: "trunkline".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) };
    InitializeResult { capabilities, server_info: Some(info) }
}

struct Server<'a> {
    connection: &'a Connection,
    encoding: Encoding,
    workspace: Workspace<'a>,
}

impl Server<'_> {
    /// Looks at the files that changed, and tells what is found.
    fn look(&mut self) -> Result<(), Error> {
        for path in self.workspace.take_stale() {
            if let Some(view) = self.workspace.view(&path) {
                self.tell(&diagnostics::publish(&self.workspace, view, self.encoding))?;
            }
        }
        Ok(())
    }

    fn tell(&self, params: &PublishDiagnosticsParams) -> Result<(), Error> {
        let method = notification::PublishDiagnostics::METHOD.to_owned();
        self.send(Notification::new(method, params).into())
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        self.connection.sender.send(message).map_err(|_| Error::Closed)
    }

    fn take(&mut self, notification: Notification) -> Result<(), Error> {
        let method = notification.method.clone();
        match method.as_str() {
            notification::DidOpenTextDocument::METHOD => {
                let Some(params) = params::<notification::DidOpenTextDocument>(notification) else { return Ok(()) };
                let document = params.text_document;
                self.workspace.open(document.uri, document.version, document.text);
            }
            notification::DidChangeTextDocument::METHOD => {
                let Some(params) = params::<notification::DidChangeTextDocument>(notification) else { return Ok(()) };
                let (document, encoding) = (params.text_document, self.encoding);
                if let Some(path) = uri::to_path(&document.uri) {
                    let change = |text| position::changed(text, params.content_changes, encoding);
                    self.workspace.change(&path, document.version, change);
                }
            }
            notification::DidCloseTextDocument::METHOD => {
                let Some(params) = params::<notification::DidCloseTextDocument>(notification) else { return Ok(()) };
                let uri = params.text_document.uri;
                if let Some(path) = uri::to_path(&uri) {
                    self.workspace.close(&path);
                }
                // What was told of it goes with it.
                self.tell(&PublishDiagnosticsParams { uri, diagnostics: Vec::new(), version: None })?;
            }
            notification::DidSaveTextDocument::METHOD => {
                let Some(params) = params::<notification::DidSaveTextDocument>(notification) else { return Ok(()) };
                if let Some(path) = uri::to_path(&params.text_document.uri) {
                    self.workspace.reload(&path);
                }
            }
            notification::DidChangeWatchedFiles::METHOD => {
                let Some(params) = params::<notification::DidChangeWatchedFiles>(notification) else { return Ok(()) };
                let changed = params.changes.iter().filter_map(|change| uri::to_path(&change.uri));
                changed.for_each(|path| self.workspace.reload(&path));
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Result<(), Error> {
        let encoding = self.encoding;
        let method = request.method.clone();
        let id = request.id.clone();
        let answer = match method.as_str() {
            request::HoverRequest::METHOD => self.at::<request::HoverRequest, _>(
                request,
                |params| &params.text_document_position_params,
                |view, offset, _| Ok(hover::hover(view, offset, encoding)),
            ),
            request::Completion::METHOD => self.at::<request::Completion, _>(
                request,
                |params| &params.text_document_position,
                |view, offset, _| Ok(Some(completion::complete(view, offset, encoding))),
            ),
            request::GotoDefinition::METHOD => self.at::<request::GotoDefinition, _>(
                request,
                |params| &params.text_document_position_params,
                |view, offset, _| Ok(navigation::definition(view, offset, encoding)),
            ),
            request::References::METHOD => self.at::<request::References, _>(
                request,
                |params| &params.text_document_position,
                |view, offset, params| {
                    Ok(navigation::references(view, offset, params.context.include_declaration, encoding))
                },
            ),
            request::PrepareRenameRequest::METHOD => self.at::<request::PrepareRenameRequest, _>(
                request,
                |params| params,
                |view, offset, _| Ok(navigation::prepare_rename(view, offset, encoding)),
            ),
            request::Rename::METHOD => self.at::<request::Rename, _>(
                request,
                |params| &params.text_document_position,
                |view, offset, params| navigation::rename(view, offset, &params.new_name, encoding),
            ),
            request::DocumentSymbolRequest::METHOD => self.of::<request::DocumentSymbolRequest, _>(
                request,
                |params| &params.text_document.uri,
                |view, _| Some(outline::outline(view, encoding)),
            ),
            request::CodeActionRequest::METHOD => self.of::<request::CodeActionRequest, _>(
                request,
                |params| &params.text_document.uri,
                |view, params| {
                    let text = view.document.text();
                    let start = position::offset(text, params.range.start, encoding);
                    let end = position::offset(text, params.range.end, encoding).max(start);
                    Some(action::actions(&self.workspace, view, start..end, encoding))
                },
            ),
            other => failure(id, ErrorCode::MethodNotFound, format!("`{other}` is not known")),
        };
        self.send(answer.into())
    }

    /// Answers a request about a place in an open file. One that is not open, or none of ours, is answered with nothing.
    fn at<R: request::Request, A: Serialize>(
        &self,
        request: Request,
        place: impl FnOnce(&R::Params) -> &TextDocumentPositionParams,
        answer: impl FnOnce(View<'_>, usize, &R::Params) -> Result<Option<A>, String>,
    ) -> Response {
        let (id, params) = match parameters::<R>(request) {
            Ok(both) => both,
            Err(answer) => return answer,
        };
        let TextDocumentPositionParams { text_document, position } = place(&params);
        let path = uri::to_path(&text_document.uri);
        let Some(view) = path.as_deref().and_then(|path| self.workspace.view(path)) else {
            return Response::new_ok(id, ());
        };
        let offset = position::offset(view.document.text(), *position, self.encoding);
        match answer(view, offset, &params) {
            Ok(answer) => Response::new_ok(id, answer),
            Err(message) => failure(id, ErrorCode::RequestFailed, message),
        }
    }

    /// Answers a request about a whole open file.
    fn of<R: request::Request, A: Serialize>(
        &self,
        request: Request,
        file: impl FnOnce(&R::Params) -> &lsp_types::Uri,
        answer: impl FnOnce(View<'_>, &R::Params) -> Option<A>,
    ) -> Response {
        let (id, params) = match parameters::<R>(request) {
            Ok(both) => both,
            Err(answer) => return answer,
        };
        let path = uri::to_path(file(&params));
        let view = path.as_deref().and_then(|path| self.workspace.view(path));
        Response::new_ok(id, view.and_then(|view| answer(view, &params)))
    }
}

/// # Errors
/// The answer for a request whose parameters are not as the protocol has them.
fn parameters<R: request::Request>(request: Request) -> Result<(RequestId, R::Params), Response> {
    let id = request.id.clone();
    match serde_json::from_value(request.params) {
        Ok(params) => Ok((id, params)),
        Err(error) => Err(failure(id, ErrorCode::InvalidParams, format!("{}: {error}", R::METHOD))),
    }
}

/// Nobody waits for an answer to a notification, so one that is malformed is passed over.
fn params<N: notification::Notification>(notification: Notification) -> Option<N::Params> {
    serde_json::from_value(notification.params).ok()
}

fn failure(id: RequestId, code: ErrorCode, message: String) -> Response {
    Response::new_err(id, code as i32, message)
}
