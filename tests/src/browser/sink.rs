//! A proxy that lets nothing through and keeps what was asked of it: whatever thread of the browser asks, a request to
//! another machine ends here.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What Chromium asks on its own account, whatever page it shows, an empty one too: the time, updates, accounts, the meaning of
/// form fields, its search engine ahead of any search, and push messages.
const OWN_SERVICES: [&str; 6] = [
    "clients2.google.com",
    "update.googleapis.com",
    "accounts.google.com",
    "content-autofill.googleapis.com",
    "www.google.com",
    "android.clients.google.com",
];

/// The proxy; it ends when this is dropped.
pub(super) struct Sink {
    address: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When no port is free.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(refuse(stream, Arc::clone(&kept)));
            }
        });
        Ok(Self { address, requests, task })
    }

    /// The proxy's address.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The first lines of all requests so far, such as `CONNECT example.org:443 HTTP/1.1`, without those of the browser
    /// itself.
    pub(super) fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let foreign = |line: &&String| host(line).is_none_or(|host| !OWN_SERVICES.contains(&host));
        requests.iter().filter(foreign).cloned().collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads the first line, keeps it, and refuses.
async fn refuse(mut stream: TcpStream, kept: Arc<Mutex<Vec<String>>>) {
    let mut line = String::new();
    if BufReader::new(&mut stream).read_line(&mut line).await.is_ok() && !line.trim().is_empty() {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim().to_owned());
    }
    let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
}

/// The host in the first line of a request to a proxy; nothing in what is no such line.
fn host(line: &str) -> Option<&str> {
    let target = line.split(' ').nth(1)?;
    let authority = target.split_once("://").map_or(target, |(_, rest)| rest);
    Some(authority.split_once(['/', ':', '?']).map_or(authority, |(host, _)| host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_both_forms_of_request() {
        assert_eq!(host("CONNECT fonts.googleapis.com:443 HTTP/1.1"), Some("fonts.googleapis.com"));
        assert_eq!(host("GET http://repgeo.example/a:b HTTP/1.1"), Some("repgeo.example"));
        assert_eq!(host(""), None);
    }
}
