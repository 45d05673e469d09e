// Pictures decoded and preprocessed once, on background threads, and kept in memory.
#pragma once
#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dagan/data/jobs.h"
#include "dagan/data/preprocess.h"
#include "dagan/data/sha256.h"

namespace dagan {

// Every function that takes an index waits for that picture. When a file fails, the threads stop,
// and every call that waits for a picture that will never come throws the Error of the first bad
// file in the list, whatever the number of threads. The destructor stops the threads and waits for
// them.
class ImageSet {
 public:
  // `reference` is what errors about a differing size, depth or channel count name; "" is the first
  // file. Errors: Fault::data when the numbers would not fit into this machine's memory.
  ImageSet(std::vector<std::filesystem::path> files, Preprocessing how, std::string reference = "");
  ~ImageSet();

  std::size_t size() const { return files_.size(); }
  const std::vector<std::filesystem::path>& files() const { return files_; }
  const Preprocessing& preprocessing() const { return how_; }

  std::span<const float> image(std::size_t index) const;  // (size,size,channels)
  void wait_all() const;
  std::span<const float> all() const;           // (N,size,size,channels)
  std::span<const Digest> contents() const;     // content_digest of every picture
  Shape source_shape(std::size_t index) const;  // of the file: (1,H,W,C)

 private:
  std::vector<std::filesystem::path> files_;
  Preprocessing how_;
  std::string reference_;
  std::unique_ptr<float[]> pixels_;  // (N,size,size,C)
  std::vector<Digest> contents_;
  std::vector<Shape> shapes_;
  std::unique_ptr<Jobs> jobs_;  // last: its threads write to the others
};

}  // namespace dagan
