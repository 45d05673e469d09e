// The safetensors format, in memory: eight bytes of header length (little-endian), a JSON header,
// then the tensors' bytes. Files are readable by Python's safetensors; a file from outside is
// treated as hostile.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/checksum.h"
#include "core/view.h"

namespace dagan {

using Metadata = std::map<std::string, std::string>;

struct NamedTensor {
  std::string name;
  DType dtype = DType::f32;
  Shape shape;                       // ranks below 4 are filled up with ones in front
  std::span<const std::byte> bytes;  // size()

  std::uint64_t size() const;  // bytes
};

struct Safetensors {
  Metadata metadata;
  std::vector<NamedTensor> tensors;
  std::string source = {};  // how messages call the file

  const NamedTensor& find(const std::string& name) const;  // Fault::model if it is missing
};

// The bytes that stand before the tensors, whose bytes then follow in the same order without gaps.
// Adds checksums to the metadata: of the tensors' bytes, and of all else in the header.
std::string safetensors_header(const Safetensors& file);

// The tensors point into `bytes`. Fault::model, with `name` in the message, unless: the header is
// at most 1 MiB of JSON, nested at most 8 deep, without duplicate keys; there are at most 4096
// tensors of rank at most 4; every size equals its shape's, without overflow; the data is covered
// without gap or overlap and ends with the file; and the checksums, where there are any, are right.
Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name);

// A file as it comes, without a copy in memory: first the header, then the tensors in their order,
// each to where it belongs.
class SafetensorsReader {
 public:
  using Source = std::function<void(std::span<std::byte>)>;  // fills it with the next bytes

  // Of `size` bytes. Fault::model as parse_safetensors, but for the tensors' checksum.
  SafetensorsReader(Source source, std::uint64_t size, const std::string& name);

  const Safetensors& content() const { return content_; }  // bytes are empty
  void next(std::span<std::byte> to);                      // takes all bytes of a tensor
  void skip();                                             // leaves them out
  // After the last one. Fault::model where the checksum is wrong: what was read is not to be used.
  void finish() const;

 private:
  const NamedTensor& take();

  Source source_;
  Safetensors content_;
  std::size_t taken_ = 0;
  Checksum sum_;
};

}  // namespace dagan
