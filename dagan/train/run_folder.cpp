#include "dagan/train/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/check.h"
#include "dagan/data/file.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

bool present(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

}  // namespace

fs::path RunFolder::sample(std::int64_t step) const {
  const std::string digits = std::to_string(step);
  return samples() /
         ("step_" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + ".png");
}

RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

// Where the file system has no locks, training goes on without.
void RunFolder::lock() {
  if (lock_ >= 0) return;
  lock_ = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool taken = lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  check(Fault::output, !taken, shown(root_),
        ": another process trains there; wait for it, or choose another --out");
}

fs::path RunFolder::data() const {
  std::ifstream in(source(), std::ios::binary);
  std::ostringstream path;
  path << in.rdbuf();
  return path.str();
}

void RunFolder::create(bool force) {
  std::error_code error;
  if (!force) {
    check(Fault::output, !present(model()), shown(root_),
          ": holds a finished run; choose another --out, or replace it with --force");
    check(Fault::output, !present(checkpoint()), shown(root_),
          ": holds an unfinished run; continue it with --resume, or replace it with --force");
  }
  fs::create_directories(samples(), error);
  check(Fault::output, !error, shown(root_), ": cannot be made: ", error.message(),
        "; choose another --out");
  lock();
  clean();
  for (const fs::path& file : {model(), checkpoint(), metrics(), manifest(), recipe(), source()}) {
    fs::remove(file, error);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(samples(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step_") && name.ends_with(".png")) fs::remove(entry.path(), error);
  }
}

void RunFolder::require_unfinished() {
  check(Fault::output, !present(model()), shown(root_),
        ": this run is finished; evaluate it with `dagan eval ", shown(root_), "`");
  check(Fault::output, present(checkpoint()) && present(recipe()) && present(source()),
        shown(root_), ": holds no run to continue; start one without --resume");
  lock();
  clean();
}

void RunFolder::clean() const {
  for (const fs::path& file : {model(), checkpoint(), metrics(), manifest(), recipe(), source()}) {
    remove_temporaries(file);
  }
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(samples(), error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("step_") && name.find(".png.tmp-") != std::string::npos) {
      fs::remove(entry.path(), error);
    }
  }
}

void write_manifest(const fs::path& file, std::span<const ManifestRow> rows) {
  std::string content = "path,split,content\n";
  for (const ManifestRow& row : rows) {
    content += csv_field(row.file.string()) + ',' + row.split + ',' + to_hex(row.content) + '\n';
  }
  write_file(file, content);
}

std::string find_in_manifest(const fs::path& file, const Digest& content) {
  std::ifstream in(file);
  const std::string hex = to_hex(content);
  for (std::string line; std::getline(in, line);) {
    if (!line.ends_with(',' + hex)) continue;
    line.resize(line.size() - hex.size() - 1);
    return line.substr(0, line.rfind(','));
  }
  return "";
}

MetricsLog::MetricsLog(const fs::path& file, std::int64_t step) : file_(file) {
  std::string kept;
  std::ifstream in(file);
  for (std::string line; step > 0 && std::getline(in, line);) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto number = json.is_object() ? json.value("step", nlohmann::json()) : nlohmann::json();
    if (number.is_number_integer() && number <= step) kept += line + '\n';
  }
  in.close();
  write_file(file, kept);
  out_.open(file, std::ios::app);
  check(Fault::output, out_.is_open(), shown(file), ": cannot be written");
}

void MetricsLog::write(const std::string& line) {
  out_ << line << '\n' << std::flush;
  check(Fault::output, out_.good(), shown(file_),
        ": cannot be written; free some space or write elsewhere");
}

}  // namespace dagan
