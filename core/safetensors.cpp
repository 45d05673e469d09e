#include "core/safetensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "core/check.h"

namespace dagan {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kHeaderLimit = std::uint64_t(1) << 20;
constexpr std::size_t kTensorLimit = 4096, kDepthLimit = 8, kRankLimit = 4;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "checksum";
constexpr const char* kHeaderChecksum = "header_checksum";

struct TypeName {
  DType dtype;
  const char* name;
};
constexpr TypeName kTypes[] = {{DType::f32, "F32"},
                               {DType::bf16, "BF16"},
                               {DType::u8, "U8"},
                               {DType::u16, "U16"},
                               {DType::u32, "U32"}};

const char* name_of(DType dtype) {
  return std::find_if(std::begin(kTypes), std::end(kTypes),
                      [&](const TypeName& type) { return type.dtype == dtype; })
      ->name;
}

std::optional<DType> type_of(const std::string& name) {
  for (const TypeName& type : kTypes) {
    if (name == type.name) return type.dtype;
  }
  return std::nullopt;
}

std::string checksum_of(const std::vector<NamedTensor>& tensors) {
  Checksum sum;
  for (const NamedTensor& tensor : tensors) sum.add(tensor.bytes);
  return sum.hex();
}

std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Of everything in the header but itself, however it is spaced.
std::string header_checksum_of(Json header) {
  header[kMetadata].erase(kHeaderChecksum);
  const std::string json = written(header);
  Checksum sum;
  sum.add(std::as_bytes(std::span(json)));
  return sum.hex();
}

// As it may stand in a message of one line.
std::string quoted(const std::string& text) { return written(Json(text)); }

// Parsing that refuses duplicate keys and deep nesting, which nlohmann/json would accept.
Json parse_header(const char* begin, const char* end, const std::string& name) {
  std::vector<std::set<std::string>> keys;
  const auto guard = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    check(Fault::model, std::size_t(depth) <= kDepthLimit, name,
          ": its header is nested too deeply");
    if (event == Json::parse_event_t::key) {
      check(Fault::model, keys.back().insert(value.get<std::string>()).second, name,
            ": its header names ", written(value), " twice");
      // An ordered object looks through all of its keys for each new one.
      check(Fault::model, keys.back().size() <= kTensorLimit + 1, name,
            ": its header has too many entries");
    }
    return true;
  };
  try {
    Json header = Json::parse(begin, end, guard);
    check(Fault::model, header.is_object(), name, ": its header is not a JSON object");
    return header;
  } catch (const Json::exception&) {
    fail(Fault::model, name, ": its header is not valid JSON: the file is damaged");
  }
}

// nlohmann/json would also turn true, 1.5 and -1 into whole numbers.
std::vector<std::uint64_t> whole_numbers(const Json& json, const std::string& tensor,
                                         const std::string& name) {
  std::vector<std::uint64_t> numbers;
  const auto refuse_unless = [&](bool whole) {
    check(Fault::model, whole, name, ": the header entry of tensor ", tensor,
          " holds something that is not a whole number");
  };
  refuse_unless(json.is_array());  // null would be a list of none
  for (const Json& number : json) {
    refuse_unless(number.is_number_unsigned());
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

// A tensor without its bytes, which lie from `begin` on, behind the header.
struct Placed {
  NamedTensor tensor;
  std::uint64_t begin, size;
};

// Shape and place of one header entry, in a file with `data` bytes behind the header; the caller
// has checked that the whole is an object.
Placed parse_tensor(const std::string& tensor, const Json& entry, std::uint64_t data,
                    const std::string& name) {
  const std::string key = quoted(tensor);
  try {
    const auto dtype = type_of(entry.at("dtype").get<std::string>());
    check(Fault::model, dtype.has_value(), name, ": tensor ", key, " has an unsupported type");
    const auto extents = whole_numbers(entry.at("shape"), key, name);
    check(Fault::model, extents.size() <= kRankLimit, name, ": tensor ", key, " has rank ",
          extents.size());
    std::int64_t four[4] = {1, 1, 1, 1};
    std::uint64_t bytes = std::uint64_t(size_of(*dtype));
    for (std::size_t i = 0; i < extents.size(); ++i) {
      check(Fault::model,
            extents[i] <= data && !__builtin_mul_overflow(bytes, extents[i], &bytes) &&
                bytes <= std::uint64_t(INT64_MAX),
            name, ": tensor ", key, " is larger than the file");
      four[4 - extents.size() + i] = std::int64_t(extents[i]);
    }
    const auto offsets = whole_numbers(entry.at("data_offsets"), key, name);
    check(Fault::model,
          offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= data &&
              offsets[1] - offsets[0] == bytes,
          name, ": tensor ", key, " does not lie where its header says: the file is truncated");
    return {{tensor, *dtype, {four[0], four[1], four[2], four[3]}, {}}, offsets[0], bytes};
  } catch (const Json::exception&) {
    fail(Fault::model, name, ": the header entry of tensor ", key, " is damaged");
  }
}

// The length of the header, from the first eight bytes of a file.
std::uint64_t header_length(std::span<const std::byte> start, std::uint64_t file_size,
                            const std::string& name) {
  std::uint64_t length = 0;
  std::memcpy(&length, start.data(), sizeof length);
  check(Fault::model, length <= kHeaderLimit, name,
        ": is not a model file, or its start is damaged");
  check(Fault::model, length <= file_size - sizeof length, name,
        ": is truncated: its header is not complete");
  return length;
}

void check_size(std::uint64_t file_size, const std::string& name) {
  check(Fault::model, file_size >= 8, name, ": is not a model file: it has ", file_size, " bytes");
}

// Where the metadata has that checksum, it must be `sum`.
void check_sum(const Safetensors& file, const char* key, const std::string& sum) {
  const auto found = file.metadata.find(key);
  check(Fault::model, found == file.metadata.end() || found->second == sum, file.source,
        ": its checksum is wrong: the file is damaged; copy it again or use an older one");
}

// What a file holds that has `data` bytes behind its header; the tensors, in the order in which
// they lie there, without their bytes.
Safetensors parse_content(std::string_view text, std::uint64_t data, const std::string& name) {
  const Json header = parse_header(text.data(), text.data() + text.size(), name);
  Safetensors file;
  file.source = name;
  std::vector<Placed> placed;
  for (const auto& [key, entry] : header.items()) {
    if (key == kMetadata) {
      check(Fault::model, entry.is_object(), name, ": its metadata is damaged");
      for (const auto& [k, v] : entry.items()) {
        check(Fault::model, v.is_string(), name, ": its metadata ", quoted(k), " is not a text");
        file.metadata[k] = v.get<std::string>();
      }
      continue;
    }
    check(Fault::model, placed.size() < kTensorLimit, name, ": holds too many tensors");
    placed.push_back(parse_tensor(key, entry, data, name));
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.begin, a.size) < std::pair(b.begin, b.size);
  });
  std::uint64_t covered = 0;
  for (Placed& p : placed) {
    check(Fault::model, p.begin == covered, name, ": tensor ", quoted(p.tensor.name),
          " overlaps another or leaves a gap");
    covered += p.size;
    file.tensors.push_back(std::move(p.tensor));
  }
  check(Fault::model, covered == data, name, ": has ", data - covered,
        " bytes behind its last tensor");
  if (file.metadata.count(kHeaderChecksum) > 0)
    check_sum(file, kHeaderChecksum, header_checksum_of(header));
  return file;
}

}  // namespace

std::uint64_t NamedTensor::size() const {
  return std::uint64_t(shape.size()) * std::uint64_t(size_of(dtype));
}

const NamedTensor& Safetensors::find(const std::string& name) const {
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  fail(Fault::model, source, ": has no tensor called ", name,
       ": it is not of the kind that is needed");
}

std::string safetensors_header(const Safetensors& file) {
  Json header;
  header[kMetadata] = Json::object();
  for (const auto& [key, value] : file.metadata) header[kMetadata][key] = value;
  header[kMetadata][kChecksum] = checksum_of(file.tensors);
  std::uint64_t offset = 0;
  for (const NamedTensor& t : file.tensors) {
    header[t.name] = {{"dtype", name_of(t.dtype)},
                      {"shape", {t.shape.n, t.shape.h, t.shape.w, t.shape.c}},
                      {"data_offsets", {offset, offset + t.bytes.size()}}};
    offset += t.bytes.size();
  }
  header[kMetadata][kHeaderChecksum] = header_checksum_of(header);
  std::string json = written(header);
  json.append((8 - json.size() % 8) % 8, ' ');  // aligns the data
  std::string result(8, '\0');
  const std::uint64_t length = json.size();
  std::memcpy(result.data(), &length, 8);
  return result + json;
}

Safetensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  check_size(bytes.size(), name);
  const std::uint64_t length = header_length(bytes.first(8), bytes.size(), name);
  const char* header = reinterpret_cast<const char*>(bytes.data()) + 8;
  std::span<const std::byte> data = bytes.subspan(8 + length);
  Safetensors file = parse_content({header, length}, data.size(), name);
  for (NamedTensor& t : file.tensors) {
    t.bytes = data.first(t.size());
    data = data.subspan(t.size());
  }
  if (file.metadata.count(kChecksum) > 0) check_sum(file, kChecksum, checksum_of(file.tensors));
  return file;
}

SafetensorsReader::SafetensorsReader(Source source, std::uint64_t size, const std::string& name)
    : source_(std::move(source)) {
  check_size(size, name);
  std::byte start[8];
  source_(start);
  const std::uint64_t length = header_length(start, size, name);
  std::string header(length, '\0');
  source_(std::as_writable_bytes(std::span(header)));
  content_ = parse_content(header, size - 8 - length, name);
}

const NamedTensor& SafetensorsReader::take() {
  check(taken_ < content_.tensors.size(), "[safetensors] ", content_.source,
        " has no more tensors");
  return content_.tensors[taken_++];
}

constexpr std::size_t kPiece = 1 << 18;  // bytes: still in the cache when they are summed up
static_assert(kPiece % Checksum::kStep == 0);

void SafetensorsReader::next(std::span<std::byte> to) {
  const NamedTensor& tensor = take();
  check(to.size() == tensor.size(), "[safetensors] ", tensor.name, ' ', tensor.shape,
        " does not fit into ", to.size(), " bytes");
  for (; to.size() > kPiece; to = to.subspan(kPiece)) {
    source_(to.first(kPiece));
    sum_.add_part(to.first(kPiece));
  }
  source_(to);
  sum_.add(to);
}

void SafetensorsReader::skip() {
  std::uint64_t left = take().size();
  std::vector<std::byte> piece(std::min<std::uint64_t>(left, kPiece));
  for (; left > kPiece; left -= kPiece) {
    source_(piece);
    sum_.add_part(piece);
  }
  source_(std::span(piece).first(left));
  sum_.add(std::span(piece).first(left));
}

void SafetensorsReader::finish() const {
  check(taken_ == content_.tensors.size(), "[safetensors] ", content_.source,
        " has tensors that were not read");
  check_sum(content_, kChecksum, sum_.hex());
}

}  // namespace dagan
