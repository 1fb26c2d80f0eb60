//! Writes the exports of the example project under `data/` of the current directory.

fn main() -> std::io::Result<()> {
    for file in streamflow::sample::data(streamflow::sample::SEED) {
        let path = std::path::Path::new(&file.path);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, &file.contents)?;
    }
    Ok(())
}
