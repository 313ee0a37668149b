//! One of several networks in a file is chosen, and a network is put together from its shards.

use std::path::Path;

use anyhow::{Context as _, ensure};
use repgeo_tests::browser::{Options, visit};
use repgeo_tests::places;
use serde_json::Value;

use crate::steps::{SOON, Table, compare, listed, ready};

/// A tensor of a safetensors file: its name, its entry in the header, and its values.
type Tensor = (String, Value, Vec<u8>);

fn read(path: &Path) -> anyhow::Result<Vec<Tensor>> {
    let bytes = std::fs::read(path)?;
    let (length, rest) = bytes.split_first_chunk().context("no length")?;
    let (header, values) = rest.split_at(usize::try_from(u64::from_le_bytes(*length))?);
    let header: Value = serde_json::from_slice(header)?;
    let entries = header.as_object().context("no object")?.iter().filter(|(name, _)| *name != "__metadata__");
    let tensor = |(name, entry): (&String, &Value)| {
        let offset = |at: usize| entry["data_offsets"][at].as_u64().and_then(|offset| usize::try_from(offset).ok());
        let (start, end) = offset(0).zip(offset(1)).context("no offsets")?;
        let values = values.get(start..end).context("no values")?;
        Ok((name.clone(), entry.clone(), values.to_vec()))
    };
    entries.map(tensor).collect()
}

fn write(path: &Path, tensors: &[Tensor]) -> anyhow::Result<()> {
    let (mut header, mut values) = (serde_json::Map::new(), Vec::new());
    for (name, entry, bytes) in tensors {
        let mut entry = entry.clone();
        entry["data_offsets"] = serde_json::json!([values.len(), values.len() + bytes.len()]);
        header.insert(name.clone(), entry);
        values.extend(bytes);
    }
    let header = Value::Object(header).to_string();
    let length = u64::try_from(header.len())?.to_le_bytes();
    Ok(std::fs::write(path, [&length, header.as_bytes(), &values].concat())?)
}

/// The largest distance of a layer from itself in the other network.
pub(crate) async fn farthest(page: &repgeo_tests::browser::Page) -> anyhow::Result<f64> {
    compare(page).await?;
    let table = Table::read(page).await?;
    let values = table.rows.iter().map(|layer| table.value(layer, layer).context("there is no value"));
    Ok(values.collect::<anyhow::Result<Vec<f64>>>()?.into_iter().fold(0.0, f64::max))
}

#[tokio::test]
async fn parts_are_chosen_and_shards_are_joined() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let bundled = |file: &str| places::root().join("static").join(file);
    let [first, second] = ["networks/mlp-seed0.safetensors", "networks/mlp-seed1.safetensors"].map(bundled);
    let probe = bundled("probes/fashion-mnist-test-2000-images-idx3-ubyte.gz");
    let under = |prefix: &str, tensors: Vec<Tensor>| {
        tensors.into_iter().map(|(name, entry, values)| (format!("{prefix}{name}"), entry, values)).collect::<Vec<_>>()
    };
    let twice = folder.path().join("twice.safetensors");
    write(&twice, &[under("student.", read(&first)?), under("teacher.", read(&second)?)].concat())?;
    let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    let tensors = read(&second)?;
    let (start, end) = tensors.split_at(tensors.len() / 2);
    let mut map = serde_json::Map::new();
    for (shard, tensors) in shards.iter().zip([start, end]) {
        write(&folder.path().join(shard), tensors)?;
        map.extend(tensors.iter().map(|(name, ..)| (name.clone(), Value::from(*shard))));
    }
    let index = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index, serde_json::json!({ "weight_map": map }).to_string())?;
    let shards = shards.map(|shard| folder.path().join(shard));

    visit("parts", Options::desktop("?engine=cpu&demo=none"), async |page| {
        ready(page).await?;
        page.drop_files(&[&shards[0]]).await?;
        page.wait_for(&format!("{}[data-status=refused]", listed(&shards[0])?), SOON).await?;
        let message = page.text(&format!("{} .message", listed(&shards[0])?)).await?;
        ensure!(message.contains("shard 1 of 2"), "{message}");
        page.click(&format!("{} button.remove", listed(&shards[0])?)).await?;

        page.drop_files(&[&twice, &shards[1], &index, &shards[0], &probe]).await?;
        let joined = listed(Path::new("model.safetensors"))?;
        page.wait_for(&format!("{joined}[data-status=loaded]"), SOON).await?;
        page.wait_until("document.querySelectorAll('#networks > li').length === 2", SOON).await?;
        page.set("#samples", "64").await?;
        page.set("#normalization", "fashion-mnist").await?;
        page.set("#measure", "procrustes-angular").await?;
        let part = format!("{} label.part select", listed(&twice)?);
        page.wait_for(&part, SOON).await?;
        let other = farthest(page).await?;
        page.set(&part, "teacher.").await?;
        page.wait_for(&format!("{}[data-status=loaded]", listed(&twice)?), SOON).await?;
        page.wait_for("#compare:not([disabled])", SOON).await?;
        let same = farthest(page).await?;
        ensure!(same < 1e-6 && other > 0.1, "the same network: {same}, another: {other}");
        page.click("#export-json").await?;
        let report: Value = serde_json::from_slice(&page.download("json").await?)?;
        let (name, part) = (&report["inputs"][0]["name"], &report["inputs"][0]["part"]);
        ensure!(name == "twice (teacher)" && part == "teacher.", "{name}, {part}");
        Ok(())
    })
    .await
}
