"""Font families for training: a folder with more variety than the fonts that every installation has.

    python -m ppocr_lessons.datasets.synthetic.training_fonts --out fonts

fetches them from npm's `@fontsource` packages, most of them under the SIL Open Font License, with the client `npm`.
Nothing else in this package needs them or the network. Only trainings whose model cards name them use them, with
the folder as their font set.
"""

import argparse
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

FAMILIES = {
    # version of the packages: names. Families without a complete ASCII range are left out.
    "5.3.0": """
        open-sans montserrat inter noto-sans poppins raleway ubuntu nunito work-sans barlow pt-sans fira-sans
        ibm-plex-sans libre-franklin archivo oswald bebas-neue anton barlow-condensed roboto-condensed archivo-
        black league-gothic saira-condensed alfa-slab-one passion-one russo-one teko sofia-sans-extra-condensed
        archivo-narrow varela-round quicksand comfortaa baloo-2 m-plus-rounded-1c merriweather playfair-display
        lora eb-garamond libre-baskerville crimson-text bitter arvo roboto-slab rokkitt zilla-slab abril-fatface
        ultra pacifico lobster dancing-script caveat kaushan-script courgette permanent-marker patrick-hand
        indie-flower righteous luckiest-guy bangers special-elite audiowide chewy titan-one rye courier-prime
        inconsolata jetbrains-mono share-tech-mono vt323
    """,
}

STYLES = ("300-normal", "400-normal", "400-italic", "700-normal", "900-normal")
"""Weights and slopes that are kept of each family, where it has them."""


def packages() -> list[tuple[str, str]]:
    """Names and versions of the packages, sorted by name."""
    return sorted((name, version) for version, names in FAMILIES.items() for name in names.split())


def unpack(archive, folder: pathlib.Path) -> list[str]:
    """Take the Latin font files of STYLES and the license out of a package.

    Only these names are written, directly into the folder, whatever paths the archive names.

    Args:
        archive: path of the `.tgz` file.
        folder: where to write; it is created.

    Returns: names of the files written.

    Raises:
        ValueError: the archive holds no such font.
    """
    written = []
    with tarfile.open(archive) as tar:
        for member in tar:
            name = pathlib.PurePosixPath(member.name).name
            font = name.endswith(".woff") and any(name.endswith(f"-latin-{style}.woff") for style in STYLES)
            if member.isfile() and (font or name == "LICENSE"):
                folder.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, (folder / name).open("wb") as target:
                    shutil.copyfileobj(source, target)
                written.append(name)
    if not any(name.endswith(".woff") for name in written):
        raise ValueError(f"{archive}: holds no font file of the styles {', '.join(STYLES)}")
    return written


def fetch(out) -> int:
    """Fetch every family that is not in the folder yet.

    Args:
        out: folder; a family becomes a subfolder.

    Returns: how many families were fetched.

    Raises:
        RuntimeError: npm is missing or failed; the message has its last line.
    """
    out, fetched = pathlib.Path(out), 0
    if shutil.which("npm") is None:
        raise RuntimeError("the client npm is not installed; it fetches the font packages")
    for name, version in packages():
        if (out / name).exists():
            continue
        with tempfile.TemporaryDirectory() as place:
            command = ["npm", "pack", "--silent", f"@fontsource/{name}@{version}"]
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
            archives = list(pathlib.Path(place).glob("*.tgz"))
            if done.returncode or len(archives) != 1:
                said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
                raise RuntimeError(f"npm could not fetch @fontsource/{name}@{version}: {said}")
            unpack(archives[0], out / name)
        fetched += 1
    return fetched


def main() -> None:
    """Command line of the module."""
    parser = argparse.ArgumentParser(description="Fetch the font families for training.")
    parser.add_argument("--out", required=True, help="folder; families that are in it already are kept")
    print(f"{fetch(parser.parse_args().out)} families fetched")


if __name__ == "__main__":
    main()
