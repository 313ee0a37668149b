//! Files can be dropped anywhere on the page.

use leptos::ev;
use leptos::prelude::*;
use web_sys::DragEvent;

use super::browser;
use super::page::Page;
use crate::protocol::Purpose;
use crate::state::Action;

/// Listens to the whole window.
pub(super) fn listen(page: Page) {
    let over = window_event_listener(ev::dragover, move |event| {
        if carries_files(&event) {
            event.prevent_default();
            if !page.peek(|state| state.dragging) {
                page.happened(Action::Dragging(true));
            }
        }
    });
    // Elements inside the window also send this; only the window's own has nothing that is entered instead.
    let leave = window_event_listener(ev::dragleave, move |event| {
        if event.related_target().is_none() {
            page.happened(Action::Dragging(false));
        }
    });
    let dropped = window_event_listener(ev::drop, move |event| {
        event.prevent_default();
        page.happened(Action::Dragging(false));
        if let Some(files) = event.data_transfer().and_then(|transfer| transfer.files()) {
            page.happened(Action::FilesChosen { files: browser::chosen(&files), purpose: Purpose::Any });
        }
    });
    on_cleanup(move || {
        over.remove();
        leave.remove();
        dropped.remove();
    });
}

fn carries_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|transfer| transfer.types().includes(&"Files".into(), 0))
}

/// Names what can be dropped, while something is dragged over the window.
pub(super) fn overlay(page: Page) -> AnyView {
    let dragging = page.part(|state| state.dragging);
    view! {
        <div id="drop-overlay" hidden=move || !dragging.get()>
            <div>
                <p class="large">"Drop files here"</p>
                <dl>
                    <dt>"Networks"</dt>
                    <dd>"PyTorch .pt .pth .th .ckpt, .safetensors, Burn .bpk"</dd>
                    <dt>"Activations"</dt>
                    <dd>".safetensors .npz .npy, one array per layer"</dd>
                    <dt>"Probe images"</dt>
                    <dd>"CIFAR, STL-10, IDX, .npz, .npy, .mat, .pkl, PNG and JPEG files, alone or in a zip or tar archive"</dd>
                </dl>
                <p>"Each file is recognised by its content and stays on this computer."</p>
            </div>
        </div>
    }
    .into_any()
}
