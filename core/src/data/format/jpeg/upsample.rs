//! Components of fewer samples in the size of the image, as libjpeg does it by default (`jdsample.c`): where one direction or
//! both are halved, each sample weighs three times its neighbour, and what is rounded alternates; else samples are repeated.

/// Rows of samples, brought to width × height. `ratio` says how many samples each stands for, across and down.
pub(super) fn upsample(rows: &[&[u8]], ratio: (usize, usize), (width, height): (usize, usize)) -> Vec<u8> {
    let own_width = rows.first().map_or(0, |row| row.len());
    let mut samples = Vec::with_capacity(width * height);
    for y in 0..height {
        let row = rows[y / ratio.1];
        let neighbour = || {
            let above = y % 2 == 0;
            let index = if above { (y / 2).saturating_sub(1) } else { (y / 2 + 1).min(rows.len() - 1) };
            rows[index].iter()
        };
        let weighed = || row.iter().zip(neighbour()).map(|(&near, &far)| 3 * u32::from(near) + u32::from(far));
        match ratio {
            (1, 1) => samples.extend_from_slice(&row[..width]),
            (2, 1) if own_width > 2 => {
                let row = row.iter().map(|&value| u32::from(value)).collect::<Vec<_>>();
                across(&row, [1, 2], 2, width, &mut samples);
            }
            (2, 2) if own_width > 2 => across(&weighed().collect::<Vec<_>>(), [8, 7], 4, width, &mut samples),
            (1, 2) => {
                let half = if y % 2 == 0 { 1 } else { 2 };
                samples.extend(weighed().take(width).map(|value| ((value + half) >> 2) as u8));
            }
            (across, _) => samples.extend((0..width).map(|x| row[x / across])),
        }
    }
    samples
}

/// Twice as many values, the first and last of which have one neighbour only, themselves.
fn across(row: &[u32], halves: [u32; 2], bits: u32, width: usize, samples: &mut Vec<u8>) {
    let last = row.len() - 1;
    samples.extend((0..width).map(|x| {
        let at = x / 2;
        let (neighbour, half) =
            if x % 2 == 0 { (at.saturating_sub(1), halves[0]) } else { ((at + 1).min(last), halves[1]) };
        ((3 * row[at] + row[neighbour] + half) >> bits) as u8
    }));
}
