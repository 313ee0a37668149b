//! How images are brought to one size, and what is to be known of how they were read.

use leptos::ev::Event;
use leptos::prelude::*;

use super::page::Page;
use crate::protocol::{Preparation, Purpose};
use crate::state::{Action, Change, FileStatus};

pub(super) fn view(page: Page) -> AnyView {
    let chosen = page.part(|state| state.settings.preparation);
    // Open where it is of use: a probe set was refused, or something is asked for.
    let open = page.part(|state| {
        let refused = |status: &FileStatus| matches!(status, FileStatus::Refused { .. });
        let mut probes = state.files.iter().filter(|file| file.purpose == Purpose::Probe);
        state.settings.preparation != Preparation::default() || probes.any(|file| refused(&file.status))
    });
    let problem = RwSignal::new(None::<&'static str>);
    let set = move |change: &dyn Fn(&mut Preparation)| {
        let mut preparation = chosen.get_untracked();
        change(&mut preparation);
        page.happened(Action::Changed(Change::Preparation(preparation)));
    };
    let side = move |event: &Event, of: fn(&mut Preparation) -> &mut Option<usize>| {
        let text = event_target_value(event);
        let number = text.trim().parse().ok();
        let understood = number.is_some() || text.trim().is_empty();
        problem.set((!understood).then_some("Write a whole number of pixels, or leave the field empty."));
        if understood {
            set(&|preparation| *of(preparation) = number);
        }
    };
    view! {
        <details id="preparation" prop:open=move || open.get()>
            <summary>"Image size"</summary>
            <p class="fact">"Images are resized, then cropped, as torchvision's Resize and CenterCrop do. Empty fields leave them as they are."</p>
            <div class="fields">
                {length("resize", "Shorter side", page.part(|state| state.settings.preparation.resize), move |event| {
                    side(&event, |preparation| &mut preparation.resize);
                })}
                {length("crop", "Square in the middle", page.part(|state| state.settings.preparation.crop), move |event| {
                    side(&event, |preparation| &mut preparation.crop);
                })}
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    id="skip-broken"
                    prop:checked=move || chosen.get().skip_broken
                    on:change=move |event| {
                        let skip = event_target_checked(&event);
                        set(&|preparation| preparation.skip_broken = skip);
                    }
                />
                "Leave out images that cannot be read"
            </label>
            <p id="preparation-problem" class="message" role="alert">{move || problem.get()}</p>
        </details>
    }
    .into_any()
}

/// A field for a number of pixels, empty where there is none.
fn length(
    id: &'static str,
    name: &'static str,
    chosen: Memo<Option<usize>>,
    change: impl Fn(Event) + 'static,
) -> AnyView {
    view! {
        <label for=id>{name}</label>
        <input
            type="number"
            id=id
            min="1"
            step="1"
            inputmode="numeric"
            aria-describedby="preparation-problem"
            prop:value=move || chosen.get().map_or_else(String::new, |side| side.to_string())
            on:change=change
        />
    }
    .into_any()
}

/// What was chosen, changed or left out when the images were read.
pub(super) fn notes(notes: Vec<String>) -> Option<AnyView> {
    if notes.is_empty() {
        return None;
    }
    let lines = notes.into_iter().map(|note| view! { <li>{note}</li> }).collect_view();
    Some(
        view! {
            <details class="load-report">
                <summary>"How it was read"</summary>
                <ul>{lines}</ul>
            </details>
        }
        .into_any(),
    )
}
