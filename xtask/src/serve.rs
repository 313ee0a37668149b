//! `cargo xtask demo`: the page, served on this machine.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, anyhow};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use tower_http::services::ServeDir;

use crate::{build, process};

/// Builds the page and serves it until it is interrupted.
///
/// # Errors
/// When the port is taken, or the page cannot be built.
pub(crate) fn demo(port: u16) -> anyhow::Result<()> {
    // The port is taken first: nobody waits for a build that cannot be served.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        if process::is_busy(&error) {
            anyhow!(
                "port {port} is in use; choose another one with --port, such as `cargo xtask demo --port {}`",
                next(port)
            )
        } else {
            anyhow!("port {port} cannot be listened at: {error}")
        }
    })?;
    let dist = build::page()?;
    println!("RepGeo is at http://{} (Ctrl+C stops it)", listener.local_addr()?);
    std::io::stdout().flush()?;

    listener.set_nonblocking(true)?;
    let page = Router::new().fallback_service(ServeDir::new(dist)).layer(map_response(revalidated));
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        axum::serve(listener, page).await.context("the server stopped")
    })
}

/// Asks the browser to look again each time, so that a rebuilt page shows.
async fn revalidated(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A port to propose instead of one that is in use.
fn next(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(8080)
}
