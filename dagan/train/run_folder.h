// The folder of a training run: what lies in it, and who may write there.
#pragma once
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "dagan/data/sha256.h"

namespace dagan {

class RunFolder {
 public:
  explicit RunFolder(std::filesystem::path root) : root_(std::move(root)) {}
  RunFolder(const RunFolder&) = delete;
  RunFolder& operator=(const RunFolder&) = delete;
  ~RunFolder();

  std::filesystem::path recipe() const { return root_ / "recipe.toml"; }
  std::filesystem::path source() const { return root_ / "data.txt"; }  // the data folder's path
  std::filesystem::path manifest() const { return root_ / "manifest.csv"; }
  std::filesystem::path metrics() const { return root_ / "metrics.jsonl"; }
  std::filesystem::path checkpoint() const { return root_ / "checkpoint.safetensors"; }
  std::filesystem::path model() const { return root_ / "model.dagan"; }
  std::filesystem::path samples() const { return root_ / "samples"; }
  std::filesystem::path sample(std::int64_t step) const;
  const std::filesystem::path& root() const { return root_; }

  // Makes the folder and keeps other processes out of it. Fault::output when it holds a run,
  // finished or not, unless `force`, which removes that run's files and no others; when another
  // process trains there; or when nothing can be written.
  void create(bool force);

  // Keeps other processes out. Fault::output when there is no unfinished run to continue, or when
  // another process trains there.
  void require_unfinished();

  // The path in data.txt; empty when there is none.
  std::filesystem::path data() const;

 private:
  void lock();         // until the object or the process ends, however it ends
  void clean() const;  // of what a killed process left behind

  std::filesystem::path root_;
  int lock_ = -1;  // a descriptor of the folder
};

struct ManifestRow {
  std::filesystem::path file;
  const char* split;
  Digest content;
};

// path,split,content with a header, RFC 4180.
void write_manifest(const std::filesystem::path& file, std::span<const ManifestRow> rows);

// The first file in a manifest with these contents, as it is written there; "" when the manifest
// cannot be read or has none.
std::string find_in_manifest(const std::filesystem::path& file, const Digest& content);

// One JSON object a line, appended; a line is complete or absent.
class MetricsLog {
 public:
  // Keeps the lines of earlier steps up to `step` and drops later ones, which a resumed run writes
  // again.
  MetricsLog(const std::filesystem::path& file, std::int64_t step);
  void write(const std::string& line);  // Fault::output

 private:
  std::filesystem::path file_;
  std::ofstream out_;
};

}  // namespace dagan
