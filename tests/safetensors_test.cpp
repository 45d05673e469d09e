// Model and checkpoint files: what is written comes back, and whatever else comes is refused.
#include "core/safetensors.h"

#include <doctest/doctest.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/random.h"
#include "tests/data_files.h"

namespace dagan {
namespace {

using testing::Buffer;
using testing::error_of;

// One tensor of each type, one of them empty; or only the first.
struct Sample {
  std::vector<Buffer> data;
  Safetensors file;

  explicit Sample(bool small = false) {
    const auto add = [&](const char* name, DType dtype, Shape shape) {
      Buffer bytes(std::size_t(shape.size() * size_of(dtype)));
      for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(37 * i + 11);
      data.push_back(bytes);
      file.tensors.push_back({name, dtype, shape, {}});
    };
    add("net.filter", DType::f32, {2, 1, 1, 3});
    if (!small) add_others(add);
    for (std::size_t i = 0; i < data.size(); ++i) file.tensors[i].bytes = data[i];
    file.metadata = {{"format", "test/1"}};
    if (!small) file.metadata["note"] = "line one\nline \"two\"";
  }

  template <class Add>
  void add_others(Add add) {
    add("empty", DType::f32, {0, 1, 1, 3});
    add("steps", DType::u32, {});
    add("digests", DType::u8, {3, 1, 1, 5});
    add("depth", DType::u16, {1, 2, 1, 1});
    add("half", DType::bf16, {1, 1, 1, 3});
  }

  Buffer bytes() const {
    const std::string header = safetensors_header(file);
    Buffer all(header.size());
    std::memcpy(all.data(), header.data(), header.size());
    for (const Buffer& piece : data) all.insert(all.end(), piece.begin(), piece.end());
    return all;
  }
};

bool same_tensors(const Safetensors& a, const Safetensors& b) {
  return std::equal(a.tensors.begin(), a.tensors.end(), b.tensors.begin(), b.tensors.end(),
                    [](const NamedTensor& x, const NamedTensor& y) {
                      return x.name == y.name && x.dtype == y.dtype && x.shape == y.shape &&
                             std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(),
                                        y.bytes.end());
                    });
}

TEST_CASE("safetensors: what is written comes back") {
  const Sample sample;
  const Buffer bytes = sample.bytes();
  const Safetensors read = parse_safetensors(bytes, "file");
  CHECK(same_tensors(read, sample.file));
  for (const auto& [key, value] : sample.file.metadata) CHECK(read.metadata.at(key) == value);
  CHECK(read.metadata.at("checksum").size() == 16);
  CHECK(read.find("steps").bytes.size() == 4);
  CHECK_CONTAINS(error_of(Fault::model, [&] { read.find("gone"); }),
                 "file: has no tensor called gone");
  CHECK((safetensors_header(sample.file).size() % 8) == 0);
  CHECK(sample.bytes() == bytes);
  const Safetensors nothing = {};
  const std::string header = safetensors_header(nothing);
  CHECK(parse_safetensors(std::as_bytes(std::span(header)), "file").tensors.empty());
}

// The tensors of a file that comes piece by piece.
std::vector<Buffer> read_in_order(std::span<const std::byte> bytes, bool skips = false) {
  const auto source = [&](std::span<std::byte> to) {
    REQUIRE(to.size() <= bytes.size());
    std::copy_n(bytes.begin(), to.size(), to.begin());
    bytes = bytes.subspan(to.size());
  };
  SafetensorsReader reader(source, bytes.size(), "file");
  std::vector<Buffer> tensors;
  for (const NamedTensor& tensor : reader.content().tensors) {
    CHECK(tensor.bytes.empty());
    error_of(Fault::bug, [&] { reader.finish(); });
    Buffer& to = tensors.emplace_back(tensor.size());
    if (skips)
      reader.skip();
    else
      reader.next(to);
  }
  reader.finish();
  error_of(Fault::bug, [&] { reader.skip(); });
  CHECK(bytes.empty());
  return tensors;
}

TEST_CASE("safetensors: read in order, the same tensors come and the same files are refused") {
  Sample sample;
  for (const int size : {1, 31, 32, 33, 1 << 18, (1 << 18) + 5, (1 << 18) + 32, 3 << 18}) {
    Buffer& bytes = sample.data.emplace_back(std::size_t(size));
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i * i / 7 + 3 * i);
    sample.file.tensors.push_back({text("long", size), DType::u8, {1, 1, 1, size}, {}});
  }
  for (std::size_t i = 0; i < sample.data.size(); ++i)
    sample.file.tensors[i].bytes = sample.data[i];
  Buffer bytes = sample.bytes();
  CHECK(read_in_order(bytes) == sample.data);
  read_in_order(bytes, true);
  CHECK(same_tensors(parse_safetensors(bytes, "file"), sample.file));
  const std::size_t header = safetensors_header(sample.file).size();
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::size_t at = header + Philox{3}.words(0, i)[0] % (bytes.size() - header);
    bytes[at] ^= std::byte(1 + i % 255);
    for (const bool skips : {false, true})
      CHECK_CONTAINS(error_of(Fault::model, [&] { read_in_order(bytes, skips); }),
                     "checksum is wrong");
    bytes[at] ^= std::byte(1 + i % 255);
  }
  for (std::size_t length = 0; length < header; ++length)
    error_of(Fault::model, [&] { read_in_order(std::span(bytes).first(length)); });
}

TEST_CASE("safetensors: extents whose product is more than a signed number holds") {
  const std::string json =
      R"({"a":{"dtype":"U8","shape":[3100000000,3100000000,0],"data_offsets":[0,0]}})";
  const std::uint64_t length = json.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  bytes += json;
  const auto source = [&](std::span<std::byte> to) {
    std::memcpy(to.data(), bytes.data(), to.size());
    bytes.erase(0, to.size());
  };
  const std::uint64_t size = bytes.size() + 3100000000u;  // as if they followed
  CHECK_CONTAINS(error_of(Fault::model, [&] { SafetensorsReader(source, size, "huge"); }),
                 "is larger than the file");
}

TEST_CASE("safetensors: no truncated file is read, nor one with bytes behind its end") {
  const Buffer bytes = Sample().bytes();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const std::string error = error_of(
        Fault::model, [&] { parse_safetensors(std::span(bytes).first(length), "cut.dagan"); });
    CHECK(error.starts_with("cut.dagan: "));
  }
  Buffer longer = bytes;
  longer.push_back(std::byte(0));
  CHECK_CONTAINS(error_of(Fault::model, [&] { parse_safetensors(longer, "file"); }),
                 "1 bytes behind its last tensor");
}

TEST_CASE("safetensors: a change of any single byte is refused or changes nothing") {
  const Sample sample(true);
  const Buffer bytes = sample.bytes();
  const Safetensors original = parse_safetensors(bytes, "file");
  // Only the name of a checksum can change unseen: loading a model or a checkpoint asks for it.
  const auto same = [&](Metadata metadata) {
    return metadata.size() == original.metadata.size() && metadata.at("format") == "test/1" &&
           (metadata == original.metadata ||
            metadata.count("checksum") + metadata.count("header_checksum") < 2);
  };
  std::size_t refused = 0, accepted = 0, wrong = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      if (bytes[at] == std::byte(value)) continue;
      Buffer changed = bytes;
      changed[at] = std::byte(value);
      try {
        const Safetensors read = parse_safetensors(changed, "file");
        ++accepted;
        wrong += !same_tensors(read, original) || !same(read.metadata);
      } catch (const Error& error) {
        ++refused;
        wrong += error.fault() != Fault::model || std::strchr(error.what(), '\n') != nullptr;
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(refused > 9 * accepted);
  CHECK(refused + accepted == 255 * bytes.size());
}

// A file with this header and `size` bytes of zeros behind it.
Buffer with_header(const std::string& json, std::size_t size) {
  Buffer bytes(8 + json.size() + size);
  const std::uint64_t length = json.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, json.data(), json.size());
  return bytes;
}

std::string refusal(const std::string& json, std::size_t size) {
  const std::string error =
      error_of(Fault::model, [&] { parse_safetensors(with_header(json, size), "evil"); });
  CHECK(error.starts_with("evil: "));
  return error;
}

std::string entry(const char* dtype, const char* shape, const char* offsets) {
  return text(R"({"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":)", offsets, "}");
}

TEST_CASE("safetensors: files of other programs are read, without checksum and in any order") {
  const std::string json =
      text(R"({"b":)", entry("U8", "[4]", "[4,8]"), R"(, "none":)", entry("F32", "[0,7]", "[4,4]"),
           R"(, "a":)", entry("F32", "[]", "[0,4]"), "}   ");
  const Buffer bytes = with_header(json, 8);
  const Safetensors file = parse_safetensors(bytes, "file");
  CHECK(file.tensors.size() == 3);
  CHECK(file.find("a").shape == Shape{});
  CHECK(file.find("b").shape == Shape{1, 1, 1, 4});
  CHECK(file.find("none").shape == Shape{1, 1, 0, 7});
  CHECK(parse_safetensors(with_header("{}", 0), "file").tensors.empty());
}

TEST_CASE("safetensors: hostile headers") {
  const auto one = [](const char* dtype, const char* shape, const char* offsets) {
    return refusal(R"({"t":)" + entry(dtype, shape, offsets) + "}", 16);
  };
  CHECK_CONTAINS(one("F32", "[4294967296,4294967296]", "[0,16]"), "larger than the file");
  CHECK_CONTAINS(one("F32", "[16,16,16,16]", "[0,16]"), "\"t\" does not lie where");
  CHECK_CONTAINS(one("F32", "[18446744073709551615,2]", "[0,16]"), "larger than the file");
  CHECK_CONTAINS(one("F32", "[4611686018427387905]", "[0,4]"), "larger than the file");
  CHECK_CONTAINS(one("F32", "[-4]", "[0,16]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "[4.5]", "[0,16]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "[true,4]", "[0,16]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "4", "[0,16]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "null", "[0,4]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "{}", "[0,4]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "[1e300]", "[0,16]"), "not a whole number");
  CHECK_CONTAINS(one("F32", "[1,1,1,1,4]", "[0,16]"), "rank 5");
  CHECK_CONTAINS(one("F64", "[2]", "[0,16]"), "unsupported type");
  CHECK_CONTAINS(one("F32", "[4]", "[0,15]"), "does not lie where");
  CHECK_CONTAINS(one("F32", "[4]", "[4,20]"), "does not lie where");
  CHECK_CONTAINS(one("F32", "[4]", "[16,0]"), "does not lie where");
  CHECK_CONTAINS(one("F32", "[4]", "[18446744073709551608,8]"), "does not lie where");
  CHECK_CONTAINS(one("F32", "[4]", "[0,8,16]"), "does not lie where");
  CHECK_CONTAINS(one("F32", "[2]", "[0,8]"), "8 bytes behind its last tensor");

  // 2^66 bytes, of which 64 bits show none.
  CHECK_CONTAINS(
      refusal(R"({"t":)" + entry("F32", "[65536,65536,65536,65536]", "[0,0]") + "}", 65536),
      "larger than the file");

  const auto two = [](const char* first, const char* second) {
    return refusal(
        text(R"({"a":)", entry("U8", "[8]", first), R"(,"b":)", entry("U8", "[8]", second), "}"),
        24);
  };
  CHECK_CONTAINS(two("[0,8]", "[4,12]"), "overlaps");
  CHECK_CONTAINS(two("[0,8]", "[0,8]"), "overlaps");
  CHECK_CONTAINS(two("[0,8]", "[16,24]"), "gap");
  CHECK_CONTAINS(two("[8,16]", "[16,24]"), "gap");

  const std::string t = entry("U8", "[0]", "[0,0]");
  CHECK_CONTAINS(refusal(R"({"t":)" + t + R"(,"t":)" + t + "}", 0), "names \"t\" twice");
  CHECK_CONTAINS(
      refusal(R"({"t":{"dtype":"U8","dtype":"F32","shape":[0],"data_offsets":[0,0]}})", 0),
      "names \"dtype\" twice");
  CHECK_CONTAINS(refusal(R"({"t":{"dtype":"U8","shape":[0]}})", 0), "\"t\" is damaged");
  CHECK_CONTAINS(refusal(R"({"t":7})", 0), "damaged");
  CHECK_CONTAINS(refusal(R"({"new\nline":7})", 0), R"("new\nline")");
  CHECK_CONTAINS(refusal("[]", 0), "not a JSON object");
  CHECK_CONTAINS(refusal("", 0), "not valid JSON");
  CHECK_CONTAINS(refusal("{\"\xff\":7}", 0), "not valid JSON");
  CHECK_CONTAINS(refusal(R"({"__metadata__":[]})", 0), "metadata is damaged");
  CHECK_CONTAINS(refusal(R"({"__metadata__":{"step":3}})", 0), "\"step\" is not a text");
  CHECK_CONTAINS(refusal(R"({"__metadata__":{"checksum":"0"}})", 0), "checksum is wrong");
}

TEST_CASE("safetensors: headers that would take time or memory") {
  CHECK_CONTAINS(refusal(std::string(1 << 20, '['), 0), "nested too deeply");
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  CHECK_CONTAINS(refusal(objects, 0), "nested too deeply");
  CHECK_CONTAINS(refusal(std::string((1 << 20) + 1, ' '), 0), "its start is damaged");
  std::string many = "{";
  for (int i = 0; i < 4097; ++i) {
    many += text(i ? "," : "", '"', i, "\":", entry("U8", "[0]", "[0,0]"));
  }
  CHECK_CONTAINS(refusal(many + "}", 0), "too many tensors");
  std::string keys = "{";
  for (int i = 0; i < 4098; ++i) keys += text(i ? "," : "", '"', i, "\":0");
  // Before the end, which is missing, is seen.
  CHECK_CONTAINS(refusal(keys, 0), "too many entries");
  for (const std::uint64_t length :
       {std::uint64_t(9), std::uint64_t(1) << 30, ~std::uint64_t(0), ~std::uint64_t(7)}) {
    Buffer bytes = with_header("{}", 6);
    std::memcpy(bytes.data(), &length, 8);
    error_of(Fault::model, [&] { parse_safetensors(bytes, "evil"); });
  }
}

TEST_CASE("safetensors: the checksum of the format does not change") {
  Checksum sum;
  const std::string words = "what is written today must be readable tomorrow";
  sum.add(std::as_bytes(std::span(words)));
  CHECK(sum.hex() == "cdc26c3253e02d71");
}

}  // namespace
}  // namespace dagan
