//! Text in figures: how wide it is, how it is shortened, which labels of an axis are shown.

use super::metrics::SMALL;

/// The families that figures ask for, all with the widths below or close to them.
pub(super) const FAMILY: &str = "Helvetica, Arial, Liberation Sans, sans-serif";

/// Advance widths of the characters from space to tilde in thousandths of the size, from Adobe's metrics of Helvetica.
#[rustfmt::skip]
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// Other sans-serif families are wider than Helvetica by up to this factor.
const ALLOWANCE: f64 = 1.1;

/// An upper estimate of the width of a text.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let thousandths: f64 = text.chars().map(character_width).sum();
    thousandths / 1000.0 * size * ALLOWANCE
}

fn character_width(character: char) -> f64 {
    let code = character as u32;
    let known = code.checked_sub(32).and_then(|index| WIDTHS.get(index as usize));
    match known {
        Some(width) => f64::from(*width),
        // Ellipsis, dash and arrow; scripts from the CJK radicals on are as wide as they are high.
        None if matches!(character, '…' | '—' | '←'..='↕') || code >= 0x2e80 => 1000.0,
        None => 600.0,
    }
}

/// The text itself where it fits, else with its middle replaced by an ellipsis: the ends of a layer's name say most.
pub(super) fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut kept = characters.len().saturating_sub(1);
    loop {
        let head = kept.div_ceil(2);
        let tail = kept - head;
        let mut candidate: String = characters.iter().take(head).collect();
        candidate.push('…');
        candidate.extend(characters.iter().skip(characters.len() - tail));
        if kept == 0 || width(&candidate, size) <= room {
            return candidate;
        }
        kept -= 1;
    }
}

/// A text without the control characters that XML 1.0 forbids; each becomes U+FFFD.
pub(super) fn printable(text: &str) -> String {
    let shown = |character: char| match character {
        '\t' | '\n' | '\r' => ' ',
        character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        character => character,
    };
    text.chars().map(shown).collect()
}

/// The tick labels of an axis, each shortened to this room: first by what all names share, then in its middle.
pub(super) fn labels(names: &[String], room: f64) -> Vec<String> {
    let (before, after) = if names.iter().any(|name| width(name, SMALL) > room) { shared(names) } else { (0, 0) };
    let (head, tail) = (if before > 0 { "…" } else { "" }, if after > 0 { "…" } else { "" });
    let own = names.iter().map(|name| &name[before..name.len() - after]);
    own.map(|own| shortened(&format!("{head}{own}{tail}"), SMALL, room)).collect()
}

/// Bytes that all names begin with and end with, up to and from a separator: where names must be shortened, what they
/// share says nothing.
fn shared(names: &[String]) -> (usize, usize) {
    let Some((first, others)) = names.split_first().filter(|(_, others)| !others.is_empty()) else { return (0, 0) };
    let separates = |character: char| matches!(character, '.' | '/' | '_' | '-' | ':');
    let equal_from = |name: &str| first.char_indices().zip(name.chars()).take_while(|((_, x), y)| x == y).count();
    let before = others.iter().map(|name| equal_from(name)).min().unwrap_or(0);
    let before: usize = first.chars().take(before).map(char::len_utf8).sum();
    // The last part that all share stays, for `block.11` says more than `11`.
    let own = first[..before].rfind(separates).unwrap_or(0);
    let before = first[..own].rfind(separates).map_or(0, |place| place + 1);
    let equal_to = |name: &str| first.chars().rev().zip(name.chars().rev()).take_while(|(x, y)| x == y).count();
    let after = others.iter().map(|name| equal_to(name)).min().unwrap_or(0);
    let after: usize = first.chars().rev().take(after).map(char::len_utf8).sum();
    let end = &first[first.len() - after..];
    let after = end.find(separates).map_or(0, |place| end.len() - place);
    let shortest = names.iter().map(String::len).min().unwrap_or(0);
    if before + after < shortest { (before, after) } else { (if before < shortest { before } else { 0 }, 0) }
}

/// Which of `count` labels at a distance of `pitch` are shown so that two are never nearer than `least`: the first, the
/// last, and every k-th between.
pub(super) fn shown(count: usize, pitch: f64, least: f64) -> Vec<usize> {
    let Some(last) = count.checked_sub(1) else { return Vec::new() };
    let every = if pitch > 0.0 { (least / pitch).ceil().max(1.0) } else { count as f64 };
    let every = every.min(count as f64) as usize;
    let mut shown: Vec<usize> =
        (0..count).step_by(every).filter(|&index| index == 0 || last - index >= every).collect();
    if last == 0 || last >= every {
        shown.push(last);
    }
    shown.dedup();
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn width_matches_the_published_metrics() {
        // Helvetica at 1000 units: l 222, a 556, y 500, e 556, r 333, 1 556, . 278, 0 556.
        assert!((width("layer1.0", 1000.0) - 1.1 * 3557.0).abs() < 1e-9);
    }

    #[test]
    fn long_names_keep_their_ends() {
        let name = "encoder.blocks.11.attention.output.dense";
        let short = shortened(name, 11.0, 110.0);
        assert!(width(&short, 11.0) <= 110.0);
        assert!(short.starts_with("encoder") && short.ends_with("dense") && short.contains('…'), "{short}");
        assert_eq!(shortened("fc", 11.0, 90.0), "fc");
    }

    #[test]
    fn what_long_names_share_is_left_out() {
        let names: Vec<String> =
            (0..12).map(|block| format!("model.encoder.blocks.{block}.attention.output")).collect();
        let short = labels(&names, 80.0);
        assert_eq!(short.first().map(String::as_str), Some("…blocks.0…"));
        assert_eq!(short.last().map(String::as_str), Some("…blocks.11…"));
        assert_eq!(labels(&names, 400.0), names);
    }

    #[test]
    fn a_name_is_never_shortened_to_nothing() {
        let names = ["a.b.conv.b", "a.b.convolution.convolution.b", "a.b"].map(str::to_owned);
        assert_eq!(labels(&names, 70.0), ["a.b.conv…", "a.b.c…tion…", "a…"]);
    }

    #[test]
    fn control_characters_are_replaced() {
        assert_eq!(printable("a\u{0}b\u{1b}\nc"), "a\u{fffd}b\u{fffd} c");
    }

    proptest! {
        #[test]
        fn labels_are_never_nearer_than_asked(count in 0_usize..300, pitch in 0.1_f64..60.0, least in 1.0_f64..40.0) {
            let shown = shown(count, pitch, least);
            prop_assert!(shown.windows(2).all(|pair| (pair[1] - pair[0]) as f64 * pitch >= least - 1e-9));
            prop_assert_eq!(shown.first().copied(), (count > 0).then_some(0));
            prop_assert!(shown.iter().all(|&index| index < count));
        }

        #[test]
        fn shortening_keeps_to_the_room(name in "\\PC{0,60}", room in 15.0_f64..200.0) {
            prop_assert!(width(&shortened(&name, 11.0, room), 11.0) <= room);
        }
    }
}
