//! Serves the built page, and keeps what was asked of it.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::{self, Next};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

/// A file that was asked for and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its path below the site's folder, without a slash at its start.
    pub path: String,
    /// How many bytes were sent, uncompressed.
    pub bytes: u64,
}

/// A server on a free port of this machine; it ends when this is dropped.
pub(super) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    served: Arc<Mutex<Vec<Served>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Serves a folder.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let served = Arc::new(Mutex::new(Vec::new()));
        let (asked, sent) = (Arc::clone(&requests), Arc::clone(&served));
        let note = middleware::from_fn(move |request: Request, next: Next| {
            asked.lock().unwrap_or_else(PoisonError::into_inner).push(format!(
                "{} {}",
                request.method(),
                request.uri()
            ));
            let path = request.uri().path().trim_start_matches('/').to_owned();
            let sent = Arc::clone(&sent);
            async move {
                let response = next.run(request).await;
                let length =
                    response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
                if let (true, Some(bytes)) = (response.status().is_success(), length) {
                    sent.lock().unwrap_or_else(PoisonError::into_inner).push(Served { path, bytes });
                }
                response
            }
        });
        let site = Router::new().fallback_service(ServeDir::new(folder)).layer(note);
        let task = tokio::spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, site).await;
        });
        Ok(Self { address, requests, served, task })
    }

    /// The page's origin, without a slash at its end.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Method and path of all requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All files that were sent so far, in order.
    pub(super) fn served(&self) -> Vec<Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}
