//! The probe set: which images, how many, how they are normalised.

use leptos::prelude::*;
use repgeo_core::data::{ChannelStatistics, Normalisation, Subset};
use wasm_bindgen::{Clamped, JsCast as _, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::browser::complain;
use super::chooser::{self, Bundled, Chooser};
use super::networks::reading;
use super::page::Page;
use super::preparation;
use crate::format;
use crate::protocol::{NormalisationChoice, ProbeSummary, Purpose, Thumbnails};
use crate::state::{Action, Change, EngineStatus, FileItem, FileStatus};

const CHOOSER: Chooser = Chooser {
    id: "probe",
    purpose: Purpose::Probe,
    button: "Choose images",
    label: "Choose a probe set",
    bundled: "Use bundled",
    bundled_label: "Use a bundled probe set",
    chosen: Action::BundledProbeChosen,
};

pub(super) fn view(page: Page) -> AnyView {
    let files = page
        .part(|state| state.files.iter().filter(|file| file.purpose == Purpose::Probe).cloned().collect::<Vec<_>>());
    let waiting = page.part(|state| !matches!(state.engine, EngineStatus::Ready(_)));
    let status = move || {
        let files = files.get();
        let any = |which: fn(&FileStatus) -> bool| files.iter().any(|file| which(&file.status));
        match () {
            () if any(|status| matches!(status, FileStatus::Reading { .. })) => "reading",
            () if any(|status| matches!(status, FileStatus::Refused { .. })) => "refused",
            () if any(|status| matches!(status, FileStatus::Probe(_))) => "loaded",
            () => "none",
        }
    };
    let count = page.part(|state| state.probe().map(|probe| probe.count));
    let needed = page.part(|state| state.needs_probe() || state.inputs().next().is_none());
    let bundled = page.part(|state| {
        let probes = state.catalogue.probes.iter();
        probes.map(|probe| Bundled { text: probe.name.clone(), file: probe.files.first().cloned() }).collect()
    });
    view! {
        <h2>"Probe set"</h2>
        <Show when=move || !needed.get()>
            <p class="hint">"Activations bring their own samples: no probe set is needed."</p>
        </Show>
        <div id="probe" data-status=status data-count=move || count.get().map(|count| count.to_string())>
            {move || files.get().into_iter().map(|file| item(page, file, waiting.get())).collect_view()}
        </div>
        {chooser::view(page, CHOOSER, bundled)}
        <div class="fields">
            {samples(page)}
            {subset(page)}
            {normalisation(page)}
        </div>
        {preparation::view(page)}
    }
    .into_any()
}

fn item(page: Page, file: FileItem, waiting: bool) -> AnyView {
    let name = file.label().to_owned();
    let FileItem { id, status, .. } = file;
    let title = name.clone();
    match status {
        FileStatus::Probe(summary) => loaded(name, summary),
        FileStatus::Reading { fraction } => view! { <p class="name">{name}</p> {reading(None, fraction, waiting)} }.into_any(),
        FileStatus::Refused { reason } => view! {
            <div class="refused">
                <div class="file">
                    <p class="name">{name}</p>
                    <p class="message" role="alert">{reason}</p>
                </div>
                <button type="button" class="plain remove" aria-label=format!("Remove {title}") on:click=move |_| page.happened(Action::FileRemoved(id))>
                    "×"
                </button>
            </div>
        }
        .into_any(),
        _ => ().into_any(),
    }
}

fn loaded(name: String, summary: ProbeSummary) -> AnyView {
    let shape = summary.shape;
    let classes = match summary.classes.len() {
        0 => String::new(),
        classes => format!(" · {classes} classes"),
    };
    let count =
        if summary.count == 1 { "1 image".to_owned() } else { format!("{} images", format::count(summary.count)) };
    let facts = format!("{count} of {} × {} × {}{classes}", shape.channels, shape.height, shape.width);
    view! {
        <p class="name">{name}</p>
        <p class="fact">{facts}</p>
        {thumbnails(summary.thumbnails)}
        {preparation::notes(summary.notes)}
    }
    .into_any()
}

/// The first images, side by side on one canvas.
fn thumbnails(thumbnails: Thumbnails) -> AnyView {
    let text = if thumbnails.labels.is_empty() {
        format!("The first {} images", thumbnails.count)
    } else {
        format!("The first images: {}", thumbnails.labels.join(", "))
    };
    let canvas = NodeRef::<leptos::html::Canvas>::new();
    let (width, height) = (thumbnails.width * thumbnails.count, thumbnails.height);
    canvas.on_load(move |canvas| {
        if paint(&canvas, &thumbnails).is_none() {
            complain("the images of the probe set were not drawn");
        }
    });
    view! {
        <canvas class="thumbnails" node_ref=canvas width=width.to_string() height=height.to_string() role="img" aria-label=text.clone() title=text></canvas>
    }
    .into_any()
}

fn paint(canvas: &HtmlCanvasElement, thumbnails: &Thumbnails) -> Option<()> {
    let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    let size = thumbnails.width * thumbnails.height * 4;
    for (index, pixels) in thumbnails.pixels.chunks_exact(size.max(1)).enumerate() {
        let width = u32::try_from(thumbnails.width).ok()?;
        let image = ImageData::new_with_u8_clamped_array(Clamped(pixels), width).ok()?;
        context.put_image_data(&image, (index * thumbnails.width) as f64, 0.0).ok()?;
    }
    Some(())
}

fn samples(page: Page) -> AnyView {
    let samples = page.part(|state| state.settings.samples);
    view! {
        <label for="samples">"Images"</label>
        <input
            type="number"
            id="samples"
            min="4"
            step="1"
            inputmode="numeric"
            prop:value=move || samples.get().map_or_else(String::new, |samples| samples.to_string())
            on:input=move |event| page.happened(Action::Changed(Change::Samples(event_target_value(&event).trim().parse().ok())))
        />
    }
    .into_any()
}

fn subset(page: Page) -> AnyView {
    let subset = page.part(|state| state.settings.subset);
    let set = move |subset| page.happened(Action::Changed(Change::Subset(subset)));
    view! {
        <label for="subset">"Which"</label>
        <select
            id="subset"
            prop:value=move || if subset.get() == Subset::First { "first" } else { "stratified" }
            on:change=move |event| set(if event_target_value(&event) == "first" { Subset::First } else { Subset::Stratified { seed: 0 } })
        >
            <option value="first">"The first ones"</option>
            <option value="stratified">"Balanced classes"</option>
        </select>
        {move || {
            let Subset::Stratified { seed } = subset.get() else { return ().into_any() };
            view! {
                <label for="subset-seed">"Seed"</label>
                <input
                    type="number"
                    id="subset-seed"
                    min="0"
                    step="1"
                    prop:value=seed.to_string()
                    on:change=move |event| set(Subset::Stratified { seed: event_target_value(&event).parse().unwrap_or(0) })
                />
            }
            .into_any()
        }}
    }
    .into_any()
}

fn normalisation(page: Page) -> AnyView {
    let chosen = page.part(|state| match &state.settings.normalisation {
        NormalisationChoice::Automatic => "automatic".to_owned(),
        NormalisationChoice::ProbeSet => "probe-set".to_owned(),
        NormalisationChoice::Preset(id) => id.clone(),
        NormalisationChoice::Numbers(_) => "numbers".to_owned(),
    });
    let choice = |value: String| match value.as_str() {
        "automatic" => NormalisationChoice::Automatic,
        "probe-set" => NormalisationChoice::ProbeSet,
        "numbers" => {
            NormalisationChoice::Numbers(Box::new(ChannelStatistics { mean: vec![0.5; 3], std: vec![0.5; 3] }))
        }
        _ => NormalisationChoice::Preset(value),
    };
    let presets =
        Normalisation::PRESETS.iter().map(|id| view! { <option value=*id>{preset_name(id)}</option> }).collect_view();
    view! {
        <label for="normalization">"Normalisation"</label>
        <select
            id="normalization"
            prop:value=move || chosen.get()
            on:change=move |event| page.happened(Action::Changed(Change::Normalisation(choice(event_target_value(&event)))))
        >
            <option value="automatic">"As the checkpoint says"</option>
            <option value="probe-set">"Probe set's own statistics"</option>
            {presets}
            <option value="numbers">"By numbers"</option>
        </select>
        {move || (chosen.get() == "numbers").then(|| numbers(page))}
    }
    .into_any()
}

/// A field for means and standard deviations.
fn numbers(page: Page) -> AnyView {
    let written = page.part(|state| match &state.settings.normalisation {
        NormalisationChoice::Numbers(numbers) => format!("{}/{}", listed(&numbers.mean), listed(&numbers.std)),
        _ => String::new(),
    });
    let problem = RwSignal::new(None::<String>);
    let change = move |event| match statistics(&event_target_value(&event)) {
        Some(numbers) => {
            problem.set(None);
            let choice = NormalisationChoice::Numbers(Box::new(numbers));
            page.happened(Action::Changed(Change::Normalisation(choice)));
        }
        None => {
            problem.set(Some("Write one mean a channel, a slash, and one standard deviation a channel.".to_owned()))
        }
    };
    view! {
        <label for="normalization-numbers">"Numbers"</label>
        <input
            id="normalization-numbers"
            type="text"
            placeholder="0.4914,0.4822,0.4465/0.2023,0.1994,0.2010"
            prop:value=move || written.get()
            on:change=change
            title="One mean a channel, a slash, and one standard deviation a channel"
            aria-describedby="normalization-problem"
        />
        <p id="normalization-problem" role="alert">{move || problem.get()}</p>
    }
    .into_any()
}

/// Means, a slash and standard deviations. The browser reads the numbers: Rust's reader would be 20 kB more to load.
fn statistics(text: &str) -> Option<ChannelStatistics> {
    let number = |text: &str| {
        let number = JsValue::from_str(text.trim()).unchecked_into_f64();
        (!text.trim().is_empty() && number.is_finite()).then_some(number)
    };
    let list = |text: &str| text.split(',').map(number).collect::<Option<Vec<_>>>();
    let (mean, std) = text.split_once('/')?;
    Some(ChannelStatistics { mean: list(mean)?, std: list(std)? })
}

/// Numbers with commas between them.
fn listed(numbers: &[f64]) -> String {
    numbers.iter().map(f64::to_string).collect::<Vec<_>>().join(",")
}

fn preset_name(id: &str) -> String {
    match id {
        "cifar" => "CIFAR".to_owned(),
        "imagenet" => "ImageNet".to_owned(),
        "fashion-mnist" => "Fashion-MNIST".to_owned(),
        "mnist" => "MNIST".to_owned(),
        "pytorch-cifar" => "CIFAR as in pytorch-cifar".to_owned(),
        "cifar100" => "CIFAR-100".to_owned(),
        "svhn" => "SVHN".to_owned(),
        "stl10" => "STL-10".to_owned(),
        "half" => "One half (-1 to 1)".to_owned(),
        "none" => "None (0 to 1)".to_owned(),
        other => other.to_owned(),
    }
}
