#include "dagan/data/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "core/check.h"

namespace dagan {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// Closes the descriptor and removes the temporary unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) : target_(target), path_(target) {
    static std::atomic<unsigned> count = 0;
    path_ += text(".tmp-", getpid(), "-", count++);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor_ < 0) stop("create");
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (descriptor_ >= 0) ::close(descriptor_);
    if (!renamed_) ::unlink(path_.c_str());
  }

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) stop("write");
      bytes = bytes.subspan(std::size_t(count));
    }
  }

  void commit(Durability durability) {
    if (durability == Durability::synced && ::fsync(descriptor_) != 0) stop("sync");
    const int closed = ::close(descriptor_);
    descriptor_ = -1;
    if (closed != 0) stop("write");
    if (::rename(path_.c_str(), target_.c_str()) != 0) stop("replace");
    renamed_ = true;
    if (durability == Durability::synced) sync_folder();
  }

 private:
  // Without it, the rename itself can be lost. Some file systems cannot do it: then that is all.
  void sync_folder() const {
    const fs::path folder = target_.has_parent_path() ? target_.parent_path() : fs::path(".");
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    ::fsync(descriptor);
    ::close(descriptor);
  }

  [[noreturn]] void stop(const char* action) {
    const int error = errno;
    fail(Fault::output, shown(target_), ": cannot ", action, " it: ", reason(error),
         error == ENOENT   ? "; make the folder first"
         : error == ENOSPC ? "; free some space or write elsewhere"
                           : "; check the folder, its permissions and its free space");
  }

  fs::path target_, path_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

}  // namespace

std::string shown(const fs::path& path) {
  std::string name = path.string();
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  }
  return name;
}

FileReader::FileReader(const fs::path& file, std::uintmax_t limit) : name_(shown(file)) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  check(Fault::data, fs::exists(status), name_, ": there is no such file; check the path");
  check(Fault::data, !fs::is_directory(status), name_,
        ": is a folder, not a file; name a file in it");
  check(Fault::data, fs::is_regular_file(status), name_, ": is not a plain file; copy it to one");
  size_ = fs::file_size(file, error);
  check(Fault::data, !error, name_, ": cannot be read: ", error.message());
  check(Fault::data, size_ <= limit, name_, ": has ", size_, " bytes, more than the limit of ",
        limit, "; crop it or store it smaller");
  errno = 0;
  in_.open(file, std::ios::binary);
  check(Fault::data, in_.is_open(), name_, ": cannot be opened: ", reason(errno),
        "; check its permissions");
}

void FileReader::read(std::span<std::byte> to) {
  in_.read(reinterpret_cast<char*>(to.data()), std::streamsize(to.size()));
  check(Fault::data, std::size_t(in_.gcount()) == to.size(), name_,
        ": became shorter while it was read; wait until it is written completely");
}

FileBytes read_file(const fs::path& file, std::uintmax_t limit) {
  FileReader reader(file, limit);
  FileBytes bytes(reader.size());
  reader.read(bytes);
  return bytes;
}

void write_file(const fs::path& file, std::span<const std::span<const std::byte>> pieces,
                Durability durability) {
  Temporary temporary(file);
  for (const std::span<const std::byte> piece : pieces) temporary.write(piece);
  temporary.commit(durability);
}

void write_file(const fs::path& file, std::span<const std::byte> bytes) {
  write_file(file, std::span(&bytes, 1), Durability::remade);
}

void write_file(const fs::path& file, std::string_view content) {
  write_file(file, std::as_bytes(std::span(content)));
}

void remove_temporaries(const fs::path& file) {
  const std::string prefix = file.filename().string() + ".tmp-";
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(file.parent_path(), error)) {
    if (entry.path().filename().string().starts_with(prefix)) fs::remove(entry.path(), error);
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
  return quoted + '"';
}

}  // namespace dagan
