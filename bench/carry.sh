#!/usr/bin/env bash
# carry.sh FOLDER: copies the headers and libraries that the build needs from this machine's Debian
# packages to FOLDER/usr, for a machine that cannot install any. What belongs to a compiler stays.
set -euo pipefail
to=$1
packages=(libcli11-dev libdeflate-dev libhwy-dev libjpeg62-turbo-dev libjpeg-turbo8-dev libstb-dev libtiff-dev
          libtomlplusplus-dev nlohmann-json3-dev doctest-dev librapidcheck-dev)
compilers='/(ld-linux.*|libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+|libgomp)\.so'

files_of() { dpkg-query -L "$1" 2>/dev/null | grep -E '^/usr/(include|lib|share/cmake)/' || true; }

rm -rf "$to"
mkdir -p "$to/usr/lib/carried"
for package in "${packages[@]}"; do
  files_of "$package" | while read -r file; do
    # A link becomes the file that it leads to, which another package may hold.
    if [[ -f $file ]]; then cp --parents -L "$file" "$to"; fi
  done
done
# Each library also by its whole name, which CMake's packages know, and by the one that a loader
# looks for; and what it is linked with.
find "$to/usr/lib" -name '*.so' | while read -r library; do
  cp -L "$library" "$(dirname "$library")/$(basename "$(readlink -f "${library#"$to"}")")"
  cp -L "$library" "$to/usr/lib/carried/$(objdump -p "$library" | awk '$1 == "SONAME" {print $2}')"
  ldd "$library" | grep -oE '/[^ ]+\.so[^ ]*' | grep -vE "$compilers" || true
done | sort -u | while read -r library; do
  cp -L "$library" "$to/usr/lib/carried/"
done
# Headers of one kind of processor go where every compiler looks.
for folder in "$to"/usr/include/*-linux-gnu; do
  if [[ -d $folder ]]; then cp -r "$folder"/. "$to/usr/include/"; fi
done
echo "carried: $(du -sh "$to" | cut -f 1) in $to" >&2
