//! The same numbers as a table.

use leptos::prelude::*;
use repgeo_core::study::{Cell, LayerMap};

use super::page::Page;
use crate::format;

pub(super) fn view(page: Page) -> AnyView {
    let shown = page.part(|state| Some((state.shown_map()?, state.picture.as_ref()?.letters()?)));
    view! {
        <div class="table-place" tabindex="0" role="region" aria-label="Layer map as a table">
            {move || shown.get().map(|(map, letters)| table(&map, &letters))}
        </div>
    }
    .into_any()
}

fn table(map: &LayerMap, (a, b): &(String, String)) -> AnyView {
    let head = map.columns.iter().map(|name| view! { <th scope="col">{name.clone()}</th> }).collect_view();
    let rows = map.rows.iter().enumerate().map(|(row, name)| line(map, row, name)).collect_view();
    let caption = format!("{}: layers of {a} ({}) in rows, of {b} ({}) in columns", map.measure, map.a, map.b);
    view! {
        <table id="table">
            <caption>{caption}</caption>
            <thead>
                <tr>
                    <td></td>
                    {head}
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn line(map: &LayerMap, row: usize, name: &str) -> AnyView {
    let cells = (0..map.columns.len())
        .map(|column| {
            let cell = map.cell(row, column);
            let value = map.value(row, column).map(|value| value.to_string());
            let reason = match cell {
                Some(Cell::Absent { absent, .. }) => Some(absent.clone()),
                _ => None,
            };
            let text = cell.map(format::cell);
            let title = reason.clone();
            view! {
                <td data-row=row.to_string() data-column=column.to_string() data-value=value title=title>
                    {text}
                    {reason.map(|reason| view! { <span class="unseen">{reason}</span> })}
                </td>
            }
        })
        .collect_view();
    view! {
        <tr>
            <th scope="row">{name.to_owned()}</th>
            {cells}
        </tr>
    }
    .into_any()
}
